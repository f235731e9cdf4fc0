import { search } from "@xenkit/testkit";
import { SWITCHES } from "./programs.ts";
import { systemOf } from "./system.ts";
import { traceOf } from "./trace.ts";

/** What each switch breaks, as the table in the README: explored now. */
export const switchTable = (): string => {
  const rows = SWITCHES.map(({ name, program }) => {
    const { failures, states } = search(systemOf(program));
    const [failure] = failures;
    if (failure === undefined) return `| ${name} | nothing | – | – | ${states} |`;
    const lines = traceOf(program, failure.path).length;
    const { property, path } = failure;
    return `| ${name} | ${property} | ${path.length} | ${lines} | ${states} |`;
  });
  return [
    "| switch | property broken | steps of the shortest run | lines of its trace | states explored |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
};
