import type { Figures } from "./figures.ts";

/** A ratio that a contender has to reach. */
export interface Target {
  /** The row's name; each row, when left out. */
  readonly row?: string;
  readonly contender: string;
  readonly against: string;
  /** Upper bound of time(contender) / time(against). */
  readonly atMost: number;
}

/** One line for each target and row: what was asked, what was measured. */
export const targetLines = (targets: readonly Target[], figures: Figures): string[] =>
  targets.flatMap((target) => {
    const rows = target.row === undefined ? figures.rows() : [target.row];
    return rows.map((row) => {
      const ratio = figures.ratio(row, target.contender, target.against);
      if (ratio === undefined) throw new Error(`no figures for the target of row "${row}"`);
      const verdict = ratio <= target.atMost ? "reached" : "**not reached**";
      return `| ${row} | ${target.contender} / ${target.against} | ≤ ${show(target.atMost)} | ${show(ratio)} | ${verdict} |`;
    });
  });

const show = (ratio: number): string => (ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2));
