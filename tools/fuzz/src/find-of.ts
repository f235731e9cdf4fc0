import fc from "fast-check";

/** What a run has found, as text: the smallest input, the error, how to have it again. */
export const findOf = <Ts>(details: fc.RunDetails<Ts>): string | undefined =>
  details.failed ? (fc.defaultReportMessage(details) ?? "failed") : undefined;
