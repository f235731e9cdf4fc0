/* Bitmaps of 32,768 bits in C: flat words, scanned from bit 0 at each call as Xen does, and words under two
 * summary levels. Each function does its own loop and its own timing and returns nanoseconds per operation. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <time.h>

#define BITS 32768
#define WORDS (BITS / 64)
#define PLACES 16384

static uint64_t flat[WORDS];
static struct {
  uint64_t top;
  uint64_t summary[WORDS / 64];
  uint64_t words[WORDS];
} hier;
static int32_t batch[BITS];
static int32_t places[PLACES];
static volatile int64_t sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* The same places as the JavaScript contenders use. */
void use_places(const int32_t *from) { memcpy(places, from, sizeof places); }

static inline void flat_set(int i) { flat[i >> 6] |= 1ull << (i & 63); }

static inline int flat_test_and_clear(int i) {
  uint64_t bit = 1ull << (i & 63);
  uint64_t before = flat[i >> 6];
  flat[i >> 6] = before & ~bit;
  return (before & bit) != 0;
}

static int flat_take(void) {
  for (int w = 0; w < WORDS; w++) {
    uint64_t word = flat[w];
    if (word) {
      flat[w] = word & (word - 1);
      return w * 64 + __builtin_ctzll(word);
    }
  }
  return -1;
}

static inline void hier_set(int i) {
  int w = i >> 6;
  hier.words[w] |= 1ull << (i & 63);
  hier.summary[w >> 6] |= 1ull << (w & 63);
  hier.top |= 1ull << (w >> 6);
}

static void hier_fill(void) {
  memset(&hier, 0xff, sizeof hier);
  hier.top = (1ull << (WORDS / 64)) - 1;
}

static inline int hier_take(void) {
  if (!hier.top) return -1;
  int s = __builtin_ctzll(hier.top);
  int w = s * 64 + __builtin_ctzll(hier.summary[s]);
  uint64_t word = hier.words[w];
  uint64_t rest = word & (word - 1);
  hier.words[w] = rest;
  if (!rest) {
    hier.summary[s] &= hier.summary[s] - 1;
    if (!hier.summary[s]) hier.top &= hier.top - 1;
  }
  return w * 64 + __builtin_ctzll(word);
}

static int hier_drain(int32_t *into) {
  int n = 0;
  uint64_t top = hier.top;
  while (top) {
    int s = __builtin_ctzll(top);
    uint64_t summary = hier.summary[s];
    while (summary) {
      int w = s * 64 + __builtin_ctzll(summary);
      uint64_t word = hier.words[w];
      while (word) {
        into[n++] = w * 64 + __builtin_ctzll(word);
        word &= word - 1;
      }
      hier.words[w] = 0;
      summary &= summary - 1;
    }
    hier.summary[s] = 0;
    top &= top - 1;
  }
  hier.top = 0;
  return n;
}

/* Marks `k` places (all bits when k is BITS), then takes until none is left; `cycles` times. */
#define CYCLES(NAME, SET, FILL, TAKE_ALL)                                                                             \
  double NAME(int k, int cycles) {                                                                                    \
    int64_t sum = 0, taken = 0;                                                                                       \
    double start = now();                                                                                             \
    for (int c = 0, p = 0; c < cycles; c++) {                                                                         \
      if (k == BITS) {                                                                                                \
        FILL;                                                                                                         \
      } else {                                                                                                        \
        for (int j = 0; j < k; j++) SET(places[p++ & (PLACES - 1)]);                                                  \
      }                                                                                                               \
      TAKE_ALL;                                                                                                       \
    }                                                                                                                 \
    double end = now();                                                                                               \
    sink = sum + taken;                                                                                               \
    return (end - start) / ((double)k * cycles);                                                                      \
  }

#define ONE_BY_ONE(TAKE)                                                                                              \
  for (int i = TAKE(); i >= 0; i = TAKE()) sum += i
#define IN_BATCH                                                                                                      \
  taken = hier_drain(batch);                                                                                          \
  sum += batch[taken - 1]

CYCLES(flat_cycles, flat_set, memset(flat, 0xff, sizeof flat), ONE_BY_ONE(flat_take))
CYCLES(hier_cycles, hier_set, hier_fill(), ONE_BY_ONE(hier_take))
CYCLES(hier_batch_cycles, hier_set, hier_fill(), IN_BATCH)

double flat_empty_checks(int rounds) {
  int64_t sum = 0;
  double start = now();
  for (int r = 0; r < rounds; r++) {
    /* Another thread could have marked: the compiler may not merge the scans. */
    __asm__ volatile("" ::: "memory");
    sum += flat_take();
  }
  double end = now();
  sink = sum;
  return (end - start) / rounds;
}

double flat_set_and_clear(int rounds) {
  int64_t sum = 0;
  double start = now();
  for (int r = 0; r < rounds; r++) {
    flat_set(places[r & (PLACES - 1)]);
    sum += flat_test_and_clear(places[(r * 7) & (PLACES - 1)]);
  }
  double end = now();
  sink = sum;
  memset(flat, 0, sizeof flat);
  return (end - start) / rounds;
}

double flat_count(int rounds) {
  int64_t sum = 0;
  double start = now();
  for (int r = 0; r < rounds; r++) {
    __asm__ volatile("" ::: "memory");
    for (int w = 0; w < WORDS; w++) sum += __builtin_popcountll(flat[w]);
  }
  double end = now();
  sink = sum;
  return (end - start) / rounds;
}

/* For the check that all agree: marks the first `k` places and gives what is taken, in order. */
int32_t taken_by(int which, int k, int32_t *into) {
  int n = 0;
  for (int j = 0; j < k; j++) {
    if (which == 0) flat_set(places[j]);
    else hier_set(places[j]);
  }
  if (which == 2) return hier_drain(into);
  for (;;) {
    int i = which == 0 ? flat_take() : hier_take();
    if (i < 0) return n;
    into[n++] = i;
  }
}
