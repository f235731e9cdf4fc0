import { DOMID, ERRNO, STABLE_INTERFACE_VERSION } from "@xenkit/abi";
import type { Domain } from "./domain.ts";
import { answer, DrainUnderWay, drainStraight } from "./drain.ts";
import type { Machine } from "./machine.ts";
import { unknownDomain } from "./unknown-domain.ts";

// Constants of other modules, kept in this one: on the hot path each use of an import costs a
// nanosecond or so.
const STABLE_VERSION = STABLE_INTERFACE_VERSION;
const INVALID = DOMID.invalid;
const { EPERM, EACCES, EINVAL } = ERRNO;

// Where the fields are, in words of the buffer. `domain` is the lower half of its word.
const INTERFACE_VERSION_AT = 1;
const DOMAIN_AT = 2;
const PAD0_AT = 5;

/**
 * get_domain_state: one domain by its domid, or with `DOMID.invalid` the next changed one.
 *
 * The order of the checks decides which errno a bad call gets. Permission comes before anything of
 * the hypervisor's state is looked at (XSA-492), and nothing is written unless the answer is 0.
 * Allocates nothing.
 *
 * @param words - The caller's buffer. On success bytes 8–9 and 16–31 are written.
 */
export const getDomainState = (machine: Machine, caller: Domain, words: Int32Array): number => {
  if (words[INTERFACE_VERSION_AT] !== STABLE_VERSION) return -EACCES;
  const domid = (words[DOMAIN_AT] as number) & 0xffff;
  if (domid === INVALID) return nextChanged(machine, caller, words);
  const domain = machine.table.find(domid);
  if (domain === undefined) return unknownDomain(machine, caller);
  if (!machine.policy(caller, "get_domain_state", domain)) return -EPERM;
  if (words[PAD0_AT] !== 0) return -EINVAL;
  answer(words, domid, domain);
  return 0;
};

/** The next changed domain: straight through, or as an operation to be carried out step by step. */
const nextChanged = (machine: Machine, caller: Domain, words: Int32Array): number => {
  if (!machine.policy(caller, "get_domain_state", machine.self)) return -EPERM;
  if (words[PAD0_AT] !== 0) return -EINVAL;
  if (machine.byStep) {
    machine.begun = new DrainUnderWay(machine, caller, words);
    return 0;
  }
  return drainStraight(machine, caller, words);
};
