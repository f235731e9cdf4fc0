import { readdirSync, readFileSync } from "node:fs";
import { EXPECTATIONS, parseStoreRecording, replayScenario } from "@xenkit/store-replay";
import { describe, expect, test } from "vitest";
import { makeDaemon } from "./make-daemon.ts";

const FOLDER = new URL("./vectors/", import.meta.url);
const recordings = readdirSync(FOLDER).map((file) => ({
  file,
  scenarios: parseStoreRecording(readFileSync(new URL(file, FOLDER), "utf8")),
}));
const played = recordings.flatMap(({ scenarios }) => scenarios);

describe.each(recordings)("recorded from Xen's daemon, $file", ({ scenarios }) => {
  for (const scenario of scenarios) {
    const { limits = "as recorded", differences = 0, why } = EXPECTATIONS[scenario.name] ?? {};
    const title =
      why === undefined ? "gets the same messages" : `differs in ${differences} messages: ${why}`;
    test(`${scenario.name} ${title}`, () => {
      const found = replayScenario(scenario, { limits, makeDaemon });
      expect(found.length === differences ? [] : found).toEqual([]);
    });
  }
});

test("most recorded scenarios match entirely", () => {
  const matching = played.filter(({ name }) => EXPECTATIONS[name] === undefined);
  const lowered = played.filter(({ name }) => EXPECTATIONS[name]?.differences === 0);
  process.stdout.write(
    `recordings: ${matching.length} of ${played.length} scenarios match entirely, ${lowered.length} more with limits one lower\n`,
  );
  expect([matching.length, lowered.length, played.length]).toEqual([98, 9, 121]);
});

test("every listed deviation is of a scenario that is played", () => {
  const names = new Set(played.map(({ name }) => name));
  expect(Object.keys(EXPECTATIONS).filter((name) => !names.has(name))).toEqual([]);
});
