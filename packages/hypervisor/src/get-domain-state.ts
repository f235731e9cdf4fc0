import { DOMID, ERRNO, STABLE_INTERFACE_VERSION, VIRQ, writeAnswer } from "@xenkit/abi";
import type { Bitmap } from "@xenkit/bitmap";
import { readI32, readU16 } from "./bytes.ts";
import { type Domain, stateOf } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import { unknownDomain } from "./unknown-domain.ts";

const DOMAIN_AT = 8;
const PAD0_AT = 20;

/**
 * get_domain_state: one domain by its domid, or with `DOMID.invalid` the next changed one.
 *
 * The order of the checks decides which errno a bad call gets. Permission comes before anything of the hypervisor's state is
 * looked at (XSA-492), and nothing is written unless the answer is 0. Allocates nothing.
 *
 * @param bytes - At least 144 bytes. On success bytes 8–9 and 16–31 are written.
 */
export const getDomainState = (machine: Machine, caller: Domain, bytes: Uint8Array): number => {
  if (readI32(bytes, 4) !== STABLE_INTERFACE_VERSION) return -ERRNO.EACCES;
  const domid = readU16(bytes, DOMAIN_AT);
  if (domid === DOMID.invalid) return nextChanged(machine, caller, bytes);
  const domain = machine.table.find(domid);
  if (domain === undefined) return unknownDomain(machine, caller);
  if (!machine.policy(caller, "get_domain_state", domain)) return -ERRNO.EPERM;
  if (readI32(bytes, PAD0_AT) !== 0) return -ERRNO.EINVAL;
  answer(bytes, domid, domain);
  return 0;
};

const nextChanged = (machine: Machine, caller: Domain, bytes: Uint8Array): number => {
  if (!machine.policy(caller, "get_domain_state", machine.self)) return -ERRNO.EPERM;
  if (readI32(bytes, PAD0_AT) !== 0) return -ERRNO.EINVAL;
  if (handlerOf(machine, VIRQ.domExc) !== caller) return -ERRNO.EACCES;
  const { changed } = machine;
  if (changed === undefined) return -ERRNO.ENOENT;
  return machine.drainOrder === "clear-first"
    ? clearThenLookUp(machine, caller, changed, bytes)
    : lookUpThenClear(machine, caller, changed, bytes);
};

/** The safe order: a change after the clear leaves a mark of its own, so the answer can be early but never the last. */
const clearThenLookUp = (
  machine: Machine,
  caller: Domain,
  changed: Bitmap,
  bytes: Uint8Array,
): number => {
  let domid = changed.takeLowest();
  while (domid !== -1) {
    machine.onStep?.("mark-cleared");
    const domain = machine.table.find(domid);
    if (domain === undefined || machine.policy(caller, "get_domain_state", domain)) {
      answer(bytes, domid, domain);
      return 0;
    }
    // Not for this caller: the mark stays for another.
    changed.set(domid);
    domid = changed.nextSet(domid + 1);
    if (domid !== -1) changed.clear(domid);
  }
  return -ERRNO.ENOENT;
};

/** Xen's order. What is created between the look-up and the clear is told as gone, and its mark is lost. */
const lookUpThenClear = (
  machine: Machine,
  caller: Domain,
  changed: Bitmap,
  bytes: Uint8Array,
): number => {
  let domid = changed.nextSet(0);
  for (; domid !== -1; domid = changed.nextSet(domid + 1)) {
    machine.onStep?.("mark-found");
    const domain = machine.table.find(domid);
    machine.onStep?.("domain-looked-up");
    if (domain !== undefined && !machine.policy(caller, "get_domain_state", domain)) continue;
    if (!changed.testAndClear(domid)) continue;
    answer(bytes, domid, domain);
    return 0;
  }
  return -ERRNO.ENOENT;
};

const answer = (bytes: Uint8Array, domid: number, domain: Domain | undefined): void => {
  if (domain === undefined) writeAnswer(bytes, domid, 0, 0, 0, 0);
  else writeAnswer(bytes, domid, stateOf(domain), domain.caps, domain.idLow, domain.idHigh);
};
