/* Bitmaps of 32,768 bits in C: flat words, scanned from bit 0 at each call as Xen does, and words under two
 * summary levels. Each function does its own loop and its own timing and returns nanoseconds per operation. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <time.h>

#define BITS 32768
#define WORDS (BITS / 64)
#define PLACES 16384

#define POOL 128
#define INLINED static inline __attribute__((always_inline))
#define CALLED static __attribute__((noinline))

struct flat {
  uint64_t words[WORDS];
};

struct hier {
  uint64_t top;
  uint64_t summary[WORDS / 64];
  uint64_t words[WORDS];
};

static struct flat flats[POOL];
static struct hier hiers[POOL];
static int32_t batch[BITS];
static int32_t places[PLACES];
static volatile int64_t sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Places for the check that all agree. */
void use_places(const int32_t *from) { memcpy(places, from, sizeof places); }

/* Never the same again: the processor would learn a list by heart. xorshift32, as in cycles.ts. */
static int random_place(void) {
  static uint32_t x = 0x9e3779b9;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x % BITS;
}

/* Place r of a walk that visits all bits in no simple order, as the JavaScript contenders compute it. */
#define FIRST_WALK(r) ((uint32_t)(r) * 0x9e3779b1u >> 17)
#define SECOND_WALK(r) ((uint32_t)(r) * 0x85ebca6bu >> 17)

INLINED void flat_set_inlined(struct flat *f, int i) { f->words[i >> 6] |= 1ull << (i & 63); }
CALLED void flat_set(struct flat *f, int i) { flat_set_inlined(f, i); }

INLINED int flat_test_and_clear_inlined(struct flat *f, int i) {
  uint64_t bit = 1ull << (i & 63);
  uint64_t before = f->words[i >> 6];
  f->words[i >> 6] = before & ~bit;
  return (before & bit) != 0;
}
CALLED int flat_test_and_clear(struct flat *f, int i) { return flat_test_and_clear_inlined(f, i); }

INLINED int flat_take_inlined(struct flat *f) {
  for (int w = 0; w < WORDS; w++) {
    uint64_t word = f->words[w];
    if (word) {
      f->words[w] = word & (word - 1);
      return w * 64 + __builtin_ctzll(word);
    }
  }
  return -1;
}
CALLED int flat_take(struct flat *f) { return flat_take_inlined(f); }

static void flat_fill(struct flat *f) { memset(f, 0xff, sizeof *f); }

static void hier_set(struct hier *h, int i) {
  int w = i >> 6;
  h->words[w] |= 1ull << (i & 63);
  h->summary[w >> 6] |= 1ull << (w & 63);
  h->top |= 1ull << (w >> 6);
}

static void hier_fill(struct hier *h) {
  memset(h, 0xff, sizeof *h);
  h->top = (1ull << (WORDS / 64)) - 1;
}

INLINED int hier_take_inlined(struct hier *h) {
  if (!h->top) return -1;
  int s = __builtin_ctzll(h->top);
  int w = s * 64 + __builtin_ctzll(h->summary[s]);
  uint64_t word = h->words[w];
  uint64_t rest = word & (word - 1);
  h->words[w] = rest;
  if (!rest) {
    h->summary[s] &= h->summary[s] - 1;
    if (!h->summary[s]) h->top &= h->top - 1;
  }
  return w * 64 + __builtin_ctzll(word);
}
CALLED int hier_take(struct hier *h) { return hier_take_inlined(h); }

CALLED int hier_drain(struct hier *h, int32_t *into) {
  int n = 0;
  uint64_t top = h->top;
  while (top) {
    int s = __builtin_ctzll(top);
    uint64_t summary = h->summary[s];
    while (summary) {
      int w = s * 64 + __builtin_ctzll(summary);
      uint64_t word = h->words[w];
      while (word) {
        into[n++] = w * 64 + __builtin_ctzll(word);
        word &= word - 1;
      }
      h->words[w] = 0;
      summary &= summary - 1;
    }
    h->summary[s] = 0;
    top &= top - 1;
  }
  h->top = 0;
  return n;
}

/* Marks `k` places (all bits when k is BITS) in each of `pool` bitmaps, then takes until none is left; the clock
 * runs only while taking. `rounds` times. */
#define PULLS(NAME, TYPE, BITMAPS, SET, FILL, TAKE_ALL)                                                               \
  double NAME(int k, int pool, int rounds) {                                                                          \
    int64_t sum = 0;                                                                                                  \
    double time = 0;                                                                                                  \
    for (int r = 0; r < rounds; r++) {                                                                                \
      for (int p = 0; p < pool; p++) {                                                                                \
        if (k == BITS) FILL(&BITMAPS[p]);                                                                             \
        else                                                                                                          \
          for (int j = 0; j < k; j++) SET(&BITMAPS[p], random_place());                                              \
      }                                                                                                               \
      double start = now();                                                                                           \
      for (int p = 0; p < pool; p++) {                                                                                \
        struct TYPE *bitmap = &BITMAPS[p];                                                                            \
        TAKE_ALL;                                                                                                     \
      }                                                                                                               \
      time += now() - start;                                                                                          \
    }                                                                                                                 \
    sink = sum;                                                                                                       \
    return time / ((double)k * pool * rounds);                                                                        \
  }

#define ONE_BY_ONE(TAKE)                                                                                              \
  for (int i = TAKE(bitmap); i >= 0; i = TAKE(bitmap)) sum += i
#define IN_BATCH sum += batch[hier_drain(bitmap, batch) - 1]

PULLS(flat_pulls, flat, flats, flat_set, flat_fill, ONE_BY_ONE(flat_take))
PULLS(flat_pulls_inlined, flat, flats, flat_set, flat_fill, ONE_BY_ONE(flat_take_inlined))
PULLS(hier_pulls, hier, hiers, hier_set, hier_fill, ONE_BY_ONE(hier_take))
PULLS(hier_pulls_inlined, hier, hiers, hier_set, hier_fill, ONE_BY_ONE(hier_take_inlined))
PULLS(hier_batches, hier, hiers, hier_set, hier_fill, IN_BATCH)

double flat_empty_checks(int rounds) {
  int64_t sum = 0;
  double start = now();
  for (int r = 0; r < rounds; r++) {
    /* Another thread could have marked: the compiler may not merge the scans. */
    __asm__ volatile("" ::: "memory");
    sum += flat_take(&flats[0]);
  }
  double end = now();
  sink = sum;
  return (end - start) / rounds;
}

#define SET_AND_CLEAR(NAME, SET, TEST_AND_CLEAR)                                                                      \
  double NAME(int rounds) {                                                                                           \
    struct flat *f = &flats[0];                                                                                       \
    int64_t sum = 0;                                                                                                  \
    double start = now();                                                                                             \
    for (int r = 0; r < rounds; r++) {                                                                                \
      SET(f, FIRST_WALK(r));                                                                                          \
      sum += TEST_AND_CLEAR(f, SECOND_WALK(r));                                                                       \
    }                                                                                                                 \
    double end = now();                                                                                               \
    sink = sum;                                                                                                       \
    memset(f, 0, sizeof *f);                                                                                          \
    return (end - start) / rounds;                                                                                    \
  }

SET_AND_CLEAR(flat_set_and_clear, flat_set, flat_test_and_clear)
SET_AND_CLEAR(flat_set_and_clear_inlined, flat_set_inlined, flat_test_and_clear_inlined)

double flat_count(int rounds) {
  int64_t sum = 0;
  double start = now();
  for (int r = 0; r < rounds; r++) {
    __asm__ volatile("" ::: "memory");
    for (int w = 0; w < WORDS; w++) sum += __builtin_popcountll(flats[0].words[w]);
  }
  double end = now();
  sink = sum;
  return (end - start) / rounds;
}

/* For the check that all agree: marks the first `k` places and gives what is taken, in order. */
int32_t taken_by(int which, int k, int32_t *into) {
  int n = 0;
  for (int j = 0; j < k; j++) {
    if (which == 0) flat_set(&flats[0], places[j]);
    else hier_set(&hiers[0], places[j]);
  }
  if (which == 2) return hier_drain(&hiers[0], into);
  for (;;) {
    int i = which == 0 ? flat_take(&flats[0]) : hier_take(&hiers[0]);
    if (i < 0) return n;
    into[n++] = i;
  }
}
