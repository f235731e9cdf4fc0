import { AtomicBitmap, type AtomicMemory } from "@xenkit/bitmap";
import { describe, expect, test } from "vitest";
import { type Exploration, explore, type Operation, type Thread } from "./support/explorer.ts";

type Wrap = (memory: AtomicMemory) => AtomicMemory;
const asItIs: Wrap = (memory) => memory;

/** Marks are results too: 1000000 + bit when the bit was new. */
const NEW = 1_000_000;
/** Of a mark of what was set, and of a clear of what was not. */
const NOTHING = -2;
/** So are drains of at most two bits: this, plus the first times 100,000, plus the second, both plus 1. */
const DRAINED = 1_000_000_000;

/** What threads do on a bitmap of so many bits, and what must be so when all are at rest. */
const operationsOn = (size: number) => {
  const over = (memory: AtomicMemory): AtomicBitmap => new AtomicBitmap(size, memory);
  const mark =
    (bit: number, wrap: Wrap = asItIs): Operation =>
    (memory) =>
      over(wrap(memory)).testAndSet(bit) ? NOTHING : NEW + bit;
  const take =
    (wrap: Wrap = asItIs): Operation =>
    (memory) =>
      over(wrap(memory)).takeLowest();
  const clear =
    (bit: number, wrap: Wrap = asItIs): Operation =>
    (memory) =>
      over(wrap(memory)).testAndClear(bit) ? bit : NOTHING;
  const drainTwo: Operation = (memory) => {
    const into = new Int32Array(2).fill(-1);
    over(memory).drain(into);
    return DRAINED + ((into[0] as number) + 1) * 100_000 + ((into[1] as number) + 1);
  };
  /** Every mark that was new was taken once, or can still be taken; and the count says so. */
  const nothingLost: Exploration["atRest"] = (memory, results) => {
    const left: number[] = [];
    const bitmap = over(memory);
    const marked = sorted(results.flatMap(marksIn));
    const taken = results.flatMap(takesIn);
    expect(bitmap.count).toBe(marked.length - taken.length);
    for (let bit = bitmap.takeLowest(); bit >= 0; bit = bitmap.takeLowest()) left.push(bit);
    expect(sorted([...taken, ...left])).toEqual(marked);
    expect(bitmap.count).toBe(0);
  };
  return { mark, take, clear, drainTwo, nothingLost };
};

const marksIn = (results: readonly number[]): number[] =>
  results.filter((result) => result >= NEW && result < DRAINED).map((result) => result - NEW);

const takesIn = (results: readonly number[]): number[] =>
  results.flatMap((result) => {
    if (result >= DRAINED) {
      const both = [Math.floor((result - DRAINED) / 100_000), (result - DRAINED) % 100_000];
      return both.filter((value) => value > 0).map((value) => value - 1);
    }
    return result >= 0 && result < NEW ? [result] : [];
  });

const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

/** Bits 0 and 1 share a word, 0 and 40 a summary word, 0 and 1100 only the top. */
const { mark, take, clear, drainTwo, nothingLost } = operationsOn(2048);

/** Bits 0 and NEXT share nothing: each has a top of its own. */
const pages = operationsOn(32_768 + 2048);
const NEXT = 32_768;

/** For one taker: whatever was marked when it began to look, and not taken, keeps it from "empty". */
const seesCompletedMarks: Pick<Exploration, "before" | "after"> = {
  before: (results) => {
    const taken = results.flatMap(takesIn);
    return results.flatMap(marksIn).length > taken.length ? "something" : "";
  },
  after: (told, _thread, result) => {
    if (told === "something" && result === -1) throw new Error("a completed mark was not found");
    if (told === "something" && result === DRAINED) throw new Error("drain missed a mark");
  },
};

const lost = (threads: readonly Thread[], plainReads: Exploration["plainReads"]): string => {
  try {
    explore({ threads, atRest: nothingLost, plainReads });
    return "nothing";
  } catch (error) {
    return error instanceof Error && error.name === "AssertionError" ? "a bit" : String(error);
  }
};

describe("AtomicBitmap, in every order of its atomic steps", () => {
  test.each([
    { name: "two bits of one word", threads: [[mark(0)], [mark(1)], [take(), take()]] },
    { name: "two words of one summary word", threads: [[mark(0)], [mark(40)], [take(), take()]] },
    { name: "two summary words", threads: [[mark(0)], [mark(1100)], [take(), take()]] },
    {
      name: "the same bit again and again",
      threads: [
        [mark(7), mark(7)],
        [take(), take(), take()],
      ],
    },
    { name: "the same bit by two markers", threads: [[mark(7)], [mark(7)], [take(), take()]] },
    {
      name: "a marker and a taker, refilling",
      threads: [
        [mark(0), mark(40), mark(0)],
        [take(), take()],
      ],
    },
    {
      name: "a batch",
      threads: [
        [mark(0), mark(1100)],
        [drainTwo, drainTwo],
      ],
    },
  ])("loses no bit and finds completed marks, one taker: $name", ({ threads }) => {
    for (const plainReads of ["fresh", "stale"] as const) {
      const { ends } = explore({ threads, atRest: nothingLost, plainReads, ...seesCompletedMarks });
      expect(ends).toBeGreaterThan(1);
    }
  });

  test.each([
    { name: "one bit", done: [], threads: [[mark(0)], [take()], [take()]] },
    { name: "one bit, refilled", done: [mark(0)], threads: [[mark(0)], [clear(0)], [take()]] },
    { name: "two bits of a word", done: [mark(0)], threads: [[mark(1)], [take()], [take()]] },
    { name: "two words", done: [mark(0)], threads: [[mark(40)], [take()], [take()]] },
    { name: "two summary words", done: [mark(0)], threads: [[mark(1100)], [take()], [take()]] },
    {
      name: "no marker",
      done: [mark(0), mark(40)],
      threads: [
        [take(), take()],
        [take(), take()],
      ],
    },
    { name: "two clears", done: [mark(0), mark(1)], threads: [[mark(0)], [clear(0)], [clear(1)]] },
    { name: "a clear and a take", done: [mark(0)], threads: [[mark(40)], [clear(0)], [take()]] },
    { name: "a batch and a take", done: [], threads: [[mark(0)], [drainTwo], [take()]] },
  ])("loses no bit, several takers: $name", ({ done, threads }) => {
    const { ends } = explore({ done, threads, atRest: nothingLost, plainReads: "fresh" });
    expect(ends).toBeGreaterThan(1);
  });
});

describe("AtomicBitmap of two pages, in every order of its atomic steps", () => {
  test.each([
    {
      name: "two markers",
      done: [],
      threads: [[pages.mark(0)], [pages.mark(NEXT)], [pages.take(), pages.take()]],
    },
    {
      name: "a marker and a taker, refilling",
      done: [],
      threads: [
        [pages.mark(NEXT), pages.mark(0), pages.mark(NEXT)],
        [pages.take(), pages.take()],
      ],
    },
    {
      name: "a batch",
      done: [],
      threads: [
        [pages.mark(0), pages.mark(NEXT)],
        [pages.drainTwo, pages.drainTwo],
      ],
    },
    {
      name: "a mark that is cleared before its marker comes to the top",
      done: [pages.mark(NEXT + 1100)],
      threads: [[pages.mark(NEXT)], [pages.clear(NEXT), pages.take()]],
    },
  ])("loses no bit and finds completed marks, one taker: $name", ({ done, threads }) => {
    for (const plainReads of ["fresh", "stale"] as const) {
      const { ends } = explore({
        done,
        threads,
        atRest: pages.nothingLost,
        plainReads,
        ...seesCompletedMarks,
      });
      expect(ends).toBeGreaterThan(1);
    }
  });

  test.each([
    { name: "a mark", done: [], threads: [[pages.mark(NEXT)], [pages.take()], [pages.take()]] },
    {
      name: "a mark where another was cleared",
      done: [pages.mark(NEXT)],
      threads: [[pages.mark(NEXT + 40)], [pages.clear(NEXT)], [pages.take()]],
    },
    {
      name: "a batch and a take",
      done: [pages.mark(0)],
      threads: [[pages.mark(NEXT)], [pages.drainTwo], [pages.take()]],
    },
  ])("loses no bit, several takers: $name", ({ done, threads }) => {
    const { ends } = explore({ done, threads, atRest: pages.nothingLost, plainReads: "fresh" });
    expect(ends).toBeGreaterThan(1);
  });
});

describe("the explorer finds what a wrong order loses", () => {
  const marker = [mark(0), mark(0)];

  test("a taker that clears the summary and does not read the word again", () => {
    // Cells from 19 on are words here: 16 before the levels, one of the top, two of the summary.
    const blind: Wrap = (memory) => ({
      ...memory,
      load: (cell) => (cell >= 19 ? 0 : memory.load(cell)),
    });
    expect(lost([marker, [take(blind)]], "fresh")).toBe("a bit");
  });

  test("a taker that clears the top and does not read the summary again", () => {
    const blind: Wrap = (memory) => ({
      ...memory,
      load: (cell) => (cell === 17 || cell === 18 ? 0 : memory.load(cell)),
    });
    expect(
      lost(
        [
          [mark(0), mark(40)],
          [take(blind), take(blind)],
        ],
        "fresh",
      ),
    ).toBe("a bit");
  });

  test("a marker that looks at the summary with a plain read", () => {
    const plain: Wrap = (memory) => ({ ...memory, load: (cell) => memory.peek(cell) });
    expect(lost([[mark(0, plain), mark(0, plain)], [take()]], "fresh")).toBe("nothing");
    expect(lost([[mark(0, plain), mark(0, plain)], [take()]], "stale")).toBe("a bit");
  });

  test("a marker that sets the summary before the word", () => {
    const hasty =
      (bit: number): Operation =>
      (memory) => {
        // The levels first, all of them; then the word, as the real one does, without a look up.
        memory.or(17, -0x80000000);
        memory.or(16, -0x80000000);
        const before = memory.or(19, -0x80000000 >>> bit);
        if ((before & (-0x80000000 >>> bit)) !== 0) return NOTHING;
        memory.add(1, 1);
        return NEW + bit;
      };
    // A taker that finds the word empty still takes the summary bit away, then the mark comes.
    expect(lost([[hasty(0)], [take()]], "fresh")).toBe("a bit");
  });
});
