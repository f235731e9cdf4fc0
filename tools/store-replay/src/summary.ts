import { EXPECTATIONS } from "./deviations.ts";
import type { Scenario } from "./parse-store-recording.ts";
import type { MakeDaemon } from "./played-daemon.ts";
import { replayScenario } from "./replay-scenario.ts";

/** What came of a recording. The scenarios are `matched` + `listed` + `different`. */
export interface StoreReplaySummary {
  readonly scenarios: number;
  /** Every message came out the same, byte for byte. */
  readonly matched: number;
  /** As the list of deviations says. */
  readonly listed: readonly { readonly name: string; readonly why: string }[];
  /** All others, with what differs. */
  readonly different: readonly { readonly name: string; readonly found: readonly string[] }[];
}

/** Plays every scenario on a fresh daemon. */
export const replayStoreRecording = (
  scenarios: readonly Scenario[],
  makeDaemon: MakeDaemon,
): StoreReplaySummary => {
  const listed: { name: string; why: string }[] = [];
  const different: { name: string; found: readonly string[] }[] = [];
  let matched = 0;
  for (const scenario of scenarios) {
    const { name } = scenario;
    const expectation = EXPECTATIONS[name];
    const limits = expectation?.limits ?? "as recorded";
    const found = replayScenario(scenario, { limits, makeDaemon });
    if (found.length !== (expectation?.differences ?? 0)) different.push({ name, found });
    else if (expectation === undefined) matched += 1;
    else listed.push({ name, why: expectation.why });
  }
  return { scenarios: scenarios.length, matched, listed, different };
};

/** How many differences of one scenario are shown. */
const SHOWN = 5;

/** What is printed for a file: the counts, then each scenario that was not entirely the same. */
export const renderSummary = (file: string, summary: StoreReplaySummary): string => {
  const { scenarios, matched, listed, different } = summary;
  const counts = [
    `matched ${matched} of ${scenarios} scenarios`,
    ...(listed.length > 0 ? [`${listed.length} with listed deviations`] : []),
    ...(different.length > 0 ? [`${different.length} DIFFERENT`] : []),
  ];
  return [
    `${file} (Xenstore): ${counts.join(", ")}`,
    ...listed.map(({ name, why }) => `  ${name}: ${why}`),
    ...different.flatMap(({ name, found }) => [
      `  ${name}: ${found.length} differences`,
      ...found.slice(0, SHOWN).map((each) => `    ${each}`),
      ...(found.length > SHOWN ? [`    … and ${found.length - SHOWN} more`] : []),
    ]),
  ].join("\n");
};
