import type { Figures } from "./figures.ts";

/** What a contender has to reach. */
export type Target = RatioTarget | TimeTarget;

interface RatioTarget {
  /** The row's name; each row, when left out. */
  readonly row?: string;
  readonly contender: string;
  readonly against: string;
  /** Upper bound of time(contender) / time(against). */
  readonly atMost: number;
}

/** Rarely of use: it means something on one machine only. */
interface TimeTarget {
  readonly row?: string;
  readonly contender: string;
  /** Upper bound of time(contender), in the table's unit. */
  readonly atMostTime: number;
}

/** One line for each target and row: what was asked, what was measured. */
export const targetLines = (targets: readonly Target[], figures: Figures): string[] =>
  targets.flatMap((target) => {
    const rows = target.row === undefined ? figures.rows() : [target.row];
    return rows.map((row) => line(target, row, figures));
  });

const line = (target: Target, row: string, figures: Figures): string => {
  const isRatio = "against" in target;
  const measured = isRatio
    ? figures.ratio(row, target.contender, target.against)
    : figures.time(row, target.contender);
  if (measured === undefined) throw new Error(`no figures for the target of row "${row}"`);
  const atMost = isRatio ? target.atMost : target.atMostTime;
  const what = isRatio ? `${target.contender} / ${target.against}` : target.contender;
  const verdict = measured <= atMost ? "reached" : "**not reached**";
  return `| ${row} | ${what} | ≤ ${show(atMost)} | ${show(measured)} | ${verdict} |`;
};

const show = (figure: number): string => {
  if (figure >= 100) return Math.round(figure).toLocaleString("en-US");
  return figure < 0.1 ? figure.toPrecision(2) : figure.toFixed(2);
};
