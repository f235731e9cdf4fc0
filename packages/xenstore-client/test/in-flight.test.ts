import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InFlight } from "../src/in-flight.ts";
import { Request } from "../src/request.ts";
import { REQUEST } from "../src/request-kinds.ts";

const request = (): Request => new Request(REQUEST.readBytes, 0, "/a\0", undefined, {});

const act = fc.oneof(
  { weight: 6, arbitrary: fc.constant("add" as const) },
  { weight: 4, arbitrary: fc.nat(500) },
  { weight: 1, arbitrary: fc.constant("add many" as const) },
  { weight: 1, arbitrary: fc.constant("clear" as const) },
);

describe("requests in flight", () => {
  test("are found by their req_id until they are answered, in any order, the oldest first", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(600), fc.integer({ min: 2 ** 32 - 600, max: 2 ** 32 - 1 })),
        fc.array(act, { maxLength: 60 }),
        (lastId, acts) => {
          const all = new InFlight(lastId);
          const model = new Map<number, Request>();
          const add = (): void => {
            const added = request();
            const id = all.add(added);
            expect(id).toBeGreaterThan(0);
            expect(model.has(id)).toBe(false);
            model.set(id, added);
          };
          for (const step of acts) {
            if (step === "add") add();
            if (step === "add many") for (let count = 0; count < 300; count += 1) add();
            if (step === "clear") {
              expect(all.clear()).toEqual([...model.values()]);
              model.clear();
            }
            const id = typeof step === "number" ? [...model.keys()][step] : undefined;
            if (id !== undefined) {
              all.remove(id);
              model.delete(id);
              expect(all.get(id)).toBeUndefined();
            }
            expect(all.size).toBe(model.size);
            expect(all.ids()).toEqual([...model.keys()]);
            for (const [known, wanted] of model) expect(all.get(known)).toBe(wanted);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("take no number that one of them has, however old it is", () => {
    const all = new InFlight(0);
    const first = all.add(request());
    const second = all.add(request());
    for (let count = 0; count < 10_000; count += 1) all.remove(all.add(request()));
    expect(all.ids().slice(0, 2)).toEqual([first, second]);
  });

  test("are not what a number was used for before", () => {
    const all = new InFlight(0);
    const id = all.add(request());
    all.remove(id);
    expect(all.get(id)).toBeUndefined();
    expect(all.get(id + 256)).toBeUndefined();
    expect(all.get(0)).toBeUndefined();
  });
});
