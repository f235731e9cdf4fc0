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
    for (const [name, of] of Object.entries(contenders)) {
      const set = of.make();
      for (const place of places) of.mark(set, place);
      assert.equal(of.count(set), expected.length, `${name}: count`);
      const one = expected.map(() => of.takeLowest(set));
      assert.deepEqual(one, expected, `${name}: one by one`);
      assert.equal(of.takeLowest(set), -1, `${name}: empty`);
      for (const place of places) of.mark(set, place);
      const { indices, length } = of.takeAll(set);
      assert.deepEqual(Array.from(indices).slice(0, length), expected, `${name}: batch`);
      assert.equal(of.takeLowest(set), -1, `${name}: empty after a batch`);
      of.mark(set, 7);
      assert.deepEqual(
        [of.testAndClear(set, 8), of.testAndClear(set, 7), of.testAndClear(set, 7)],
        [false, true, false],
        name,
      );
    }
  }
  for (const [name, of] of Object.entries(contenders)) {
    const set = of.make();
    of.markAll(set);
    assert.equal(of.count(set), BITS, `${name}: all`);
    const { indices, length } = of.takeAll(set);
    assert.equal(length, BITS, name);
    assert.ok(
      Array.from(indices).every((value, index) => value === index),
      `${name}: all, batch`,
    );
  }
};
