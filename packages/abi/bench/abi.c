/*
 * get_domain_state's buffer in C, the way a C program has it: a struct in memory whose address goes
 * to the hypervisor. The barriers stand for the hypercall: the compiler must have everything in
 * memory before it, and cannot know what is in memory after it.
 *
 * Each measurement exists twice: with the code inlined into the loop, and with it in functions that
 * are called, as a library of its own has it.
 */
#include <stdint.h>
#include <stdlib.h>
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
        uint32_t words[4];
        uint8_t pad[128];
    } u;
};

_Static_assert(sizeof(struct domctl) == 144, "struct xen_domctl");

struct answer {
    uint16_t domid;
    uint16_t state;
    uint16_t caps;
    uint64_t unique_id;
};

#define HYPERCALL(op) __asm__ volatile("" : : "r"(op) : "memory")
#define INLINED static inline __attribute__((always_inline))
#define CALLED static __attribute__((noinline))

static struct domctl reused = {
    .domain = 7,
    .u.get_domain_state = { .caps = 3, .unique_id = 0x1234567889abcdef },
};
static struct answer record;
static struct answer *volatile kept;
volatile uint64_t sink;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

INLINED void write_request(struct domctl *op, uint16_t domid)
{
    op->cmd = 90;
    op->interface_version = 0;
    op->domain = domid;
    op->u.get_domain_state = (struct get_domain_state){ 0 };
    HYPERCALL(op);
}

/* A new struct for each call, as C libraries write it: what is not named is zero, 144 bytes in all. */
INLINED void write_new(struct domctl *op, uint16_t domid)
{
    *op = (struct domctl){ .cmd = 90, .domain = domid };
    HYPERCALL(op);
}

INLINED uint32_t read_answer(const struct domctl *op)
{
    const struct get_domain_state *state = &op->u.get_domain_state;
    uint32_t low = state->unique_id, high = state->unique_id >> 32;
    return op->domain ^ state->state ^ state->caps ^ low ^ high;
}

INLINED void decode(struct answer *answer, const struct domctl *op)
{
    answer->domid = op->domain;
    answer->state = op->u.get_domain_state.state;
    answer->caps = op->u.get_domain_state.caps;
    answer->unique_id = op->u.get_domain_state.unique_id;
    HYPERCALL(answer);
}

/* The hypervisor's side: the checks of a call, and its answer. */
INLINED int serve(struct domctl *op, int i)
{
    if (op->cmd != 90 || op->interface_version != 0) return -13;
    if (op->u.get_domain_state.pad0 != 0) return -22;
    uint16_t domid = op->domain;
    op->domain = domid;
    op->u.get_domain_state = (struct get_domain_state){ 1, i & 7, 0, (uint64_t)(i + 1) << 32 | i };
    HYPERCALL(op);
    return domid;
}

CALLED int serve_called(struct domctl *op, int i) { return serve(op, i); }
CALLED void write_request_called(struct domctl *op, uint16_t domid) { write_request(op, domid); }
CALLED uint32_t read_answer_called(const struct domctl *op) { return read_answer(op); }
CALLED void decode_called(struct answer *answer, const struct domctl *op) { decode(answer, op); }

/* What the hypervisor answers differs from call to call: state and caps, in one store. */
INLINED void answer_call(struct domctl *op, int i)
{
    op->u.words[0] = (i & 15) | 3 << 16;
    HYPERCALL(op);
}

#define LOOP(body)                                 \
    struct domctl *op = &reused;                   \
    uint64_t sum = 0;                              \
    double start = now();                          \
    for (int i = 0; i < rounds; i++) { body; }     \
    double time = now() - start;                   \
    sink = sum;                                    \
    return time / rounds;

double c_write(int rounds) { LOOP(write_request(op, i & 0x7fff)) }
double c_write_called(int rounds) { LOOP(write_request_called(op, i & 0x7fff)) }
double c_write_new(int rounds) { LOOP(write_new(op, i & 0x7fff)) }

double c_read(int rounds) { LOOP(answer_call(op, i); sum ^= read_answer(op)) }
double c_read_called(int rounds) { LOOP(answer_call(op, i); sum ^= read_answer_called(op)) }

double c_round_trip(int rounds)
{
    LOOP(write_request(op, i & 0x7fff); answer_call(op, i); sum ^= read_answer(op))
}

double c_round_trip_called(int rounds)
{
    LOOP(write_request_called(op, i & 0x7fff); answer_call(op, i); sum ^= read_answer_called(op))
}

double c_decode(int rounds)
{
    LOOP(answer_call(op, i); decode(&record, op); sum ^= record.state ^ record.unique_id)
}

double c_decode_called(int rounds)
{
    LOOP(answer_call(op, i); decode_called(&record, op); sum ^= record.state ^ record.unique_id)
}

/* A record of its own for each answer, as an object is: allocated, and freed when the next one comes. */
double c_decode_malloc(int rounds)
{
    LOOP(answer_call(op, i); struct answer *answer = malloc(sizeof *answer); decode(answer, op);
         sum ^= answer->state ^ answer->unique_id; free(kept); kept = answer)
}

double c_serve(int rounds) { reused.cmd = 90; LOOP(sum += serve(op, i)) }
double c_serve_called(int rounds) { reused.cmd = 90; LOOP(sum += serve_called(op, i)) }

/* What was computed last, so that the contenders can be checked against each other. */
double c_sum(void) { return (uint32_t)sink; }
