import {
  DEVIATIONS,
  EVENT_DEVIATIONS,
  oracleWorld,
  ourSocketWorld,
  ourWorld,
  type Pair,
  playBoth,
  type RunResult,
  renderFailure,
  run,
  type Sequence,
} from "@xenkit/differential";
import { available } from "@xenkit/oracle";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { describe, expect, test } from "vitest";

const C: Omit<Pair, "ours"> = {
  theirs: oracleWorld("c"),
  reference: "c",
  generate: { guests: true, lifecycle: true, extremes: true },
};

const report = async (pair: Pair, seed: number, result: RunResult): Promise<string> => {
  if (result.failure !== undefined)
    return `seed ${seed}\n${renderFailure(result.failure, await playBoth(result.failure, pair))}`;
  process.stdout.write(
    `differential against ${pair.reference}, seed ${seed}: ${result.requests} requests and ${result.events} events equal\n`,
  );
  return "";
};

describe.runIf(available())("our daemon and the C daemon", () => {
  test.each([
    { how: "in this process", ours: ourWorld, requests: 16_000, seed: 1 },
    { how: "on a socket", ours: ourSocketWorld, requests: 4000, seed: 2 },
  ])(
    "answer the same to $requests generated requests, $how",
    async ({ ours, requests, seed }) => {
      const pair: Pair = { ...C, ours: ours("c") };
      const result = await run(pair, { requests, seed });
      expect(await report(pair, seed, result)).toBe("");
      expect(result.requests).toBeGreaterThanOrEqual(requests);
    },
    120_000,
  );
});

describe.runIf(available())("our daemon and the OCaml daemon", () => {
  test("answer the same to 2000 generated requests, events and changes of domains included, but for the list", async () => {
    const pair: Pair = {
      theirs: oracleWorld("ocaml"),
      ours: ourWorld("ocaml"),
      reference: "ocaml",
      generate: { guests: true, lifecycle: true, extremes: false },
    };
    const result = await run(pair, { requests: 2000, seed: 2 });
    expect(await report(pair, 2, result)).toBe("");
    expect(result.requests).toBeGreaterThanOrEqual(2000);
  }, 60_000);
});

describe("a daemon that answers otherwise", () => {
  test("is found, with a sequence as short as it gets", async () => {
    const pair: Pair = {
      theirs: async (options) => {
        const world = await ourWorld("c")(options);
        return {
          ...world,
          connect: async () => {
            const link = await world.connect();
            return {
              ...link,
              collect: async (replies) => {
                const { messages, end } = await link.collect(replies);
                const kept = messages.map((message) =>
                  message.type === MESSAGE.rm
                    ? { ...message, payload: new Uint8Array(1) }
                    : message,
                );
                return { messages: kept, end };
              },
            };
          },
        };
      },
      ours: ourWorld("c"),
      reference: "c",
      generate: C.generate,
    };
    const { failure } = await run(pair, { requests: 20_000, seed: 1 });
    const asked = (failure as Sequence).steps.flatMap((step) =>
      step.do === "ask" ? step.requests : [],
    );
    expect(asked.length).toBeLessThanOrEqual(6);
    expect(asked.map(({ type }) => type)).toContain(MESSAGE.rm);
  });
});

test("a written deviation says why, and differs from the C or the OCaml daemon", () => {
  for (const { why, c, ocaml } of [...DEVIATIONS, ...EVENT_DEVIATIONS]) {
    expect(why).not.toBe("");
    expect([c, ocaml]).not.toEqual(["same", "same"]);
  }
});
