import {
  DEVIATIONS,
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
    `differential, seed ${seed}: ${result.requests} requests and ${result.events} events equal\n`,
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
      const pair: Pair = { ...C, ours };
      const result = await run(pair, { requests, seed });
      expect(await report(pair, seed, result)).toBe("");
      expect(result.requests).toBeGreaterThanOrEqual(requests);
    },
    120_000,
  );
});

describe("a daemon that answers otherwise", () => {
  test("is found, with a sequence as short as it gets", async () => {
    const pair: Pair = {
      theirs: async (options) => {
        const world = await ourWorld(options);
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
      ours: ourWorld,
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
  for (const { why, c, ocaml } of DEVIATIONS) {
    expect(why).not.toBe("");
    expect([c, ocaml]).not.toEqual(["same", "same"]);
  }
});
