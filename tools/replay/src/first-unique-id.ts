import { evidenceOf, readUniqueId } from "./evidence.ts";
import type { Line, Operation } from "./line.ts";
import { previousUniqueId } from "./unique-id-chain.ts";

/** Any id will do when the recording shows none. */
const SOME_ID = 1n;

/**
 * The unique id that dom0 must have for the chain of ids to come out as recorded: the first id that is seen, as many
 * steps back as domains were created until then.
 */
export const firstUniqueId = (lines: readonly Line[]): bigint => {
  const created = new Map([[0, 0]]);
  let count = 0;
  for (const line of lines) {
    const evidence = evidenceOf(line);
    if (evidence?.kind === "created") {
      count += 1;
      created.set(evidence.domid, count);
    }
    if (evidence?.kind !== "seen") continue;
    const steps = created.get(evidence.domid);
    const { output } = line as Operation;
    if (steps === undefined || output === undefined) continue;
    let id = readUniqueId(output);
    if (id === 0n) continue;
    for (let step = 0; step < steps; step += 1) id = previousUniqueId(id);
    return id;
  }
  return SOME_ID;
};
