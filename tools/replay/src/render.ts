import type { Difference } from "./difference.ts";
import { INVARIANTS, type Invariant } from "./invariants.ts";
import type { Line } from "./line.ts";
import type { ReplayResult } from "./replay.ts";

/** How many differences are shown in full. */
const SHOWN = 5;

const total = (counts: ReadonlyMap<Invariant, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

const titleOf = (line: Line): string => {
  const what = line.kind === "operation" ? line.op : `event ${line.kind}`;
  const note = line.note === "" ? "" : ` – ${line.note}`;
  return `step ${line.step}, line ${line.number}, ${line.scenario || "no scenario"}: ${what}${note}`;
};

const renderDifference = ({ line, mismatches }: Difference): readonly string[] => [
  `  ${titleOf(line)}`,
  ...mismatches.map(
    ({ field, expected, actual }) => `    ${field}: expected ${expected}, actual ${actual}`,
  ),
];

/** The one line of a file: `FILE (Xen 4.22.0): matched 500 of 520, 20 by invariant`. */
export const renderCounts = (name: string, result: ReplayResult): string => {
  const { xenVersion, matched, compared, byInvariant, differences } = result;
  const failed = differences.length === 0 ? "" : `, ${differences.length} DIFFERENT`;
  const counts = `matched ${matched} of ${compared}, ${total(byInvariant)} by invariant`;
  return `${name} (Xen ${xenVersion}): ${counts}${failed}`;
};

/** What is printed for a file: the counts, the invariants by name, and the first differences in full. */
export const renderResult = (name: string, result: ReplayResult): string => {
  const { byInvariant, differences } = result;
  const hidden = differences.length - SHOWN;
  return [
    renderCounts(name, result),
    ...[...byInvariant].map(
      ([invariant, count]) => `  ${invariant} ${count}: ${INVARIANTS[invariant]}`,
    ),
    ...differences.slice(0, SHOWN).flatMap(renderDifference),
    ...(hidden > 0 ? [`  … and ${hidden} more`] : []),
  ].join("\n");
};
