import {
  DOMCTL,
  DOMCTL_SIZE,
  DOMID,
  ERRNO,
  HYPERVISOR,
  joinHalves,
  readCommand,
  readDomain,
  readState,
  readUniqueIdHigh,
  readUniqueIdLow,
  STATE,
} from "@xenkit/abi";
import type { Line, Operation } from "./line.ts";

/** What a line says of one domain, read from its bytes alone. */
export type Evidence =
  /** createdomain made it. */
  | { readonly kind: "created"; readonly domid: number; readonly automatic: boolean }
  /** destroydomain came to its end. */
  | { readonly kind: "destroyed"; readonly domid: number }
  /** unpausedomain let it run. */
  | { readonly kind: "started"; readonly domid: number }
  /** It was seen in this state. */
  | { readonly kind: "seen"; readonly domid: number; readonly state: number }
  /** A drain reported it with all zeros. */
  | { readonly kind: "zero-entry"; readonly domid: number }
  /** An explicit query found no such domain. */
  | { readonly kind: "missing"; readonly domid: number };

/** Is this operation a whole domctl? Then its command is in the buffer. */
export const isDomctl = (
  line: Line,
): line is Operation & { readonly input: Uint8Array; readonly output: Uint8Array } =>
  line.kind === "operation" &&
  line.call.kind === "hypercall" &&
  line.call.hypercall === HYPERVISOR.domctl &&
  line.input?.length === DOMCTL_SIZE &&
  line.output?.length === DOMCTL_SIZE;

/** Is this a get_domain_state, in either form? */
export const isQuestion = (line: Line): boolean =>
  isDomctl(line) && readCommand(line.input) === DOMCTL.getDomainState;

/** Is this a call for the next changed domain? */
export const isDrain = (line: Line): boolean =>
  isDomctl(line) && isQuestion(line) && readDomain(line.input) === DOMID.invalid;

/** The unique id in a whole get_domain_state. */
export const readUniqueId = (bytes: Uint8Array): bigint =>
  joinHalves(readUniqueIdLow(bytes), readUniqueIdHigh(bytes));

/** What the line says, or undefined: it is about no domain, or it failed. */
export const evidenceOf = (line: Line): Evidence | undefined => {
  if (!isDomctl(line)) return undefined;
  const domid = readDomain(line.input);
  const command = readCommand(line.input);
  if (command === DOMCTL.getDomainState) {
    if (line.rc === -ERRNO.ESRCH && domid < DOMID.firstReserved) return { kind: "missing", domid };
    if (line.rc !== 0) return undefined;
    const answered = readDomain(line.output);
    const state = readState(line.output);
    if ((state & STATE.exist) === 0) return { kind: "zero-entry", domid: answered };
    return { kind: "seen", domid: answered, state };
  }
  if (line.rc !== 0) return undefined;
  switch (command) {
    case DOMCTL.createdomain: {
      const made = readDomain(line.output);
      return { kind: "created", domid: made, automatic: made !== domid };
    }
    case DOMCTL.destroydomain:
      return { kind: "destroyed", domid };
    case DOMCTL.unpausedomain:
      return { kind: "started", domid };
    default:
      return undefined;
  }
};
