/*
 * The hypercall buffer in C, the way a C program has it: a struct in memory whose address goes to
 * the hypervisor. The barriers stand for the hypercall: the compiler must have everything in memory
 * before it, and cannot know what is in memory after it.
 */
#include <stdint.h>
#include <string.h>
#include <time.h>

struct get_domain_state {
    uint16_t state;
    uint16_t caps;
    uint32_t pad0;
    uint64_t unique_id;
};

struct domctl {
    uint32_t cmd;
    uint32_t interface_version;
    uint16_t domain;
    uint16_t pad[3];
    union {
        struct get_domain_state get_domain_state;
        uint64_t align;
        uint8_t pad[128];
    } u;
};

_Static_assert(sizeof(struct domctl) == 144, "struct xen_domctl");

struct answer {
    uint32_t domid;
    uint32_t state;
    uint32_t caps;
    uint64_t unique_id;
};

#define HYPERCALL(op) __asm__ volatile("" : : "r"(op) : "memory")

static struct domctl reused;
volatile uint64_t sink;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Every field of the call in a reused buffer: header and payload, 32 bytes. */
static inline void write_fields(struct domctl *op, uint16_t domid)
{
    op->cmd = 90;
    op->interface_version = 0;
    op->domain = domid;
    op->pad[0] = op->pad[1] = op->pad[2] = 0;
    op->u.get_domain_state = (struct get_domain_state){ 0 };
}

/* A new struct for each call, as libraries write it: what is not named is zero, 144 bytes in all. */
static inline void write_whole(struct domctl *op, uint16_t domid)
{
    *op = (struct domctl){ .cmd = 90, .domain = domid };
}

static inline uint64_t read_fields(const struct domctl *op)
{
    const struct get_domain_state *state = &op->u.get_domain_state;
    uint32_t low = state->unique_id, high = state->unique_id >> 32;
    return op->domain + state->state + state->caps + (low ^ high);
}

#define LOOP(body)                                                     \
    double start = now();                                              \
    uint64_t sum = 0;                                                  \
    struct domctl *op = &reused;                                       \
    for (int i = 0; i < rounds; i++) { body; }                         \
    sink = sum;                                                        \
    return (now() - start) / rounds;

double c_write_fields(int rounds)
{
    LOOP(write_fields(op, i & 0x7fff); HYPERCALL(op))
}

double c_write_whole(int rounds)
{
    LOOP(write_whole(op, i & 0x7fff); HYPERCALL(op))
}

double c_read(int rounds)
{
    LOOP(HYPERCALL(op); sum += read_fields(op))
}

double c_round_trip_fields(int rounds)
{
    LOOP(write_fields(op, i & 0x7fff); HYPERCALL(op); sum += read_fields(op))
}

double c_round_trip_whole(int rounds)
{
    LOOP(write_whole(op, i & 0x7fff); HYPERCALL(op); sum += read_fields(op))
}

/* The answer as a record of its own, in memory. */
double c_decode(int rounds)
{
    static struct answer answer;
    LOOP(HYPERCALL(op);
         answer.domid = op->domain;
         answer.state = op->u.get_domain_state.state;
         answer.caps = op->u.get_domain_state.caps;
         answer.unique_id = op->u.get_domain_state.unique_id;
         HYPERCALL(&answer);
         sum += answer.unique_id + answer.domid)
}
