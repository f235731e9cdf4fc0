import type { Limits } from "./replay-scenario.ts";

/** How a recorded scenario is to be played, and in how many messages we differ. */
export interface Expectation {
  readonly limits?: Limits;
  /** Messages that differ; 0 when only the limits had to be lowered. */
  readonly differences: number;
  readonly why: string;
}

const EXACT = "a limit itself is accepted here; the recorded daemon accepts one less";
const ONE = "a limit of one allows one here, and nothing there";
const REUSE =
  "INTRODUCE asks for the unique id at once: a reused domid is noticed here, and missed there";
const TARGET = "the target of another domain is released, and its end announced, when it happens";
const GRANT = "a commit does not bring the grants of a dead domain back";
const NO_UPDATE = "transaction ids begin at 1 again after a live update; ours goes on without one";

/** Every scenario that does not match entirely as it was recorded. All others must. */
export const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  "path-length-guest": { limits: "one lower", differences: 0, why: EXACT },
  "reuse-between-polls": { differences: 6, why: REUSE },
  "reuse-before-first-poll": { differences: 16, why: REUSE },
  "reuse-after-owner-change": { differences: 5, why: REUSE },
  "perms-drop-vs-transaction": { differences: 2, why: GRANT },
  "set-target-release": { differences: 9, why: TARGET },
  "set-target-death": { differences: 20, why: TARGET },
  "grant-committed-after-death": { differences: 1, why: GRANT },
  "grant-committed-after-death-last": { differences: 3, why: GRANT },
  "new-record-grant-age": { differences: 2, why: REUSE },
  watches: { limits: "one lower", differences: 6, why: ONE },
  "watches-default": { limits: "one lower", differences: 0, why: EXACT },
  transactions: { limits: "one lower", differences: 0, why: EXACT },
  "node-permissions": { limits: "one lower", differences: 1, why: ONE },
  "path-max": { limits: "one lower", differences: 0, why: EXACT },
  "node-size": { limits: "one lower", differences: 0, why: EXACT },
  nodes: { limits: "one lower", differences: 1, why: ONE },
  "nodes-in-transaction": { limits: "one lower", differences: 0, why: EXACT },
  "nodes-default": { limits: "one lower", differences: 0, why: EXACT },
  "transaction-nodes": { limits: "one lower", differences: 0, why: EXACT },
  "dom0-unlimited": { differences: 3, why: ONE },
  "state-full": { differences: 1, why: NO_UPDATE },
  "failure-inside": { limits: "one lower", differences: 0, why: EXACT },
};
