import assert from "node:assert/strict";
import { BITS, contenders } from "./contenders.ts";
import { PLACES_LIST } from "./cycles.ts";
import { c } from "./native.ts";

/** Everyone has to take the same bits in the same order, one by one and in a batch. */
export const verify = (): void => {
  const into = new Int32Array(BITS);
  for (const bits of [1, 8, 64, 3000]) {
    const places = PLACES_LIST.subarray(0, bits);
    const expected = [...new Set(places)].sort((a, b) => a - b);
    for (const which of [0, 1, 2]) {
      const length = c.taken_by(which, bits, into);
      assert.deepEqual([...into.subarray(0, length)], expected, `C ${which}, ${bits} bits`);
    }
    for (const [name, set] of Object.entries(contenders())) {
      for (const place of places) set.mark(place);
      assert.equal(set.count(), expected.length, `${name}: count`);
      const one = expected.map(() => set.takeLowest());
      assert.deepEqual(one, expected, `${name}: one by one`);
      assert.equal(set.takeLowest(), -1, `${name}: empty`);
      for (const place of places) set.mark(place);
      const { indices, length } = set.takeAll();
      assert.deepEqual(Array.from(indices).slice(0, length), expected, `${name}: batch`);
      assert.equal(set.takeLowest(), -1, `${name}: empty after a batch`);
      set.mark(7);
      assert.deepEqual(
        [set.testAndClear(8), set.testAndClear(7), set.testAndClear(7)],
        [false, true, false],
        name,
      );
    }
  }
  for (const [name, set] of Object.entries(contenders())) {
    set.markAll();
    assert.equal(set.count(), BITS, `${name}: all`);
    const { indices, length } = set.takeAll();
    assert.equal(length, BITS, name);
    assert.ok(
      Array.from(indices).every((value, index) => value === index),
      `${name}: all, batch`,
    );
  }
};
