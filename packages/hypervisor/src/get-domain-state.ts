import { DOMID, ERRNO, STABLE_INTERFACE_VERSION, VIRQ } from "@xenkit/abi";
import type { Bitmap } from "@xenkit/bitmap";
import { type Domain, stateOf } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import { unknownDomain } from "./unknown-domain.ts";

// Constants of other modules, kept in this one: on the hot path each use of an import costs a
// nanosecond or so.
const STABLE_VERSION = STABLE_INTERFACE_VERSION;
const INVALID = DOMID.invalid;
const DOM_EXC = VIRQ.domExc;
const { EPERM, ENOENT, EACCES, EINVAL } = ERRNO;

// Where the fields are, in words of the buffer. `domain` and `state` are the lower halves of
// theirs.
const INTERFACE_VERSION_AT = 1;
const DOMAIN_AT = 2;
const STATE_AND_CAPS_AT = 4;
const PAD0_AT = 5;
const ID_LOW_AT = 6;
const ID_HIGH_AT = 7;

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

const nextChanged = (machine: Machine, caller: Domain, words: Int32Array): number => {
  if (!machine.policy(caller, "get_domain_state", machine.self)) return -EPERM;
  if (words[PAD0_AT] !== 0) return -EINVAL;
  if (handlerOf(machine, DOM_EXC) !== caller) return -EACCES;
  const { changed } = machine;
  if (changed === undefined) return -ENOENT;
  return machine.drainOrder === "clear-first"
    ? clearThenLookUp(machine, caller, changed, words)
    : lookUpThenClear(machine, caller, changed, words);
};

/**
 * The safe order: a change after the clear leaves a mark of its own, so the answer can be early but
 * never the last.
 */
const clearThenLookUp = (
  machine: Machine,
  caller: Domain,
  changed: Bitmap,
  words: Int32Array,
): number => {
  let domid = changed.takeLowest();
  while (domid !== -1) {
    machine.onStep?.("mark-cleared");
    const domain = machine.table.find(domid);
    if (domain === undefined || machine.policy(caller, "get_domain_state", domain)) {
      answer(words, domid, domain);
      return 0;
    }
    // Not for this caller: the mark stays for another.
    changed.set(domid);
    domid = changed.nextSet(domid + 1);
    if (domid !== -1) changed.clear(domid);
  }
  return -ENOENT;
};

/**
 * Xen's order. What is created between the look-up and the clear is told as gone, and its mark is
 * lost.
 */
const lookUpThenClear = (
  machine: Machine,
  caller: Domain,
  changed: Bitmap,
  words: Int32Array,
): number => {
  let domid = changed.nextSet(0);
  for (; domid !== -1; domid = changed.nextSet(domid + 1)) {
    machine.onStep?.("mark-found");
    const domain = machine.table.find(domid);
    machine.onStep?.("domain-looked-up");
    if (domain !== undefined && !machine.policy(caller, "get_domain_state", domain)) continue;
    if (!changed.testAndClear(domid)) continue;
    answer(words, domid, domain);
    return 0;
  }
  return -ENOENT;
};

/** The pad of the header and the rest of the union stay as they were sent. */
const answer = (words: Int32Array, domid: number, domain: Domain | undefined): void => {
  words[DOMAIN_AT] = ((words[DOMAIN_AT] as number) & ~0xffff) | domid;
  words[PAD0_AT] = 0;
  if (domain === undefined) {
    words[STATE_AND_CAPS_AT] = 0;
    words[ID_LOW_AT] = 0;
    words[ID_HIGH_AT] = 0;
  } else {
    words[STATE_AND_CAPS_AT] = stateOf(domain) | (domain.caps << 16);
    words[ID_LOW_AT] = domain.idLow;
    words[ID_HIGH_AT] = domain.idHigh;
  }
};
