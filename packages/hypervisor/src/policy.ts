import { isControl, isXenstore, type Subject } from "./domain.ts";

/** What a caller wants to do to a target. */
export type Action =
  | "get_domain_state"
  | "getdomaininfo"
  | "domctl"
  | "remote_shutdown"
  | "evtchn_alloc_unbound"
  | "evtchn_status"
  | "evtchn_reset"
  | "map_foreign_page";

/**
 * Who may do what to whom. The target is always defined: what concerns no single domain (a new one,
 * "the next changed domain") has the hypervisor itself as its target, `DOMID.xen`. It is asked
 * before anything else is looked at or touched.
 *
 * @returns True if the caller may. A refusal becomes EPERM.
 */
export type Policy = (caller: Subject, action: Action, target: Subject) => boolean;

/**
 * What Xen does without a security module: control domains may do everything, the Xenstore domain
 * may ask for domain states, and the device model of a domain may look at it, signal it and shut it
 * down.
 */
export const defaultPolicy: Policy = (caller, action, target) =>
  isControl(caller) || mayWithoutControl(caller, action, target);

// A function of its own, so that the short one above can be inlined where it is hot.
const mayWithoutControl: Policy = (caller, action, target) => {
  switch (action) {
    case "get_domain_state":
      return isXenstore(caller) || caller.target === target;
    case "getdomaininfo":
      return isXenstore(caller);
    case "remote_shutdown":
    case "evtchn_alloc_unbound":
    case "evtchn_status":
    case "map_foreign_page":
      return caller.target === target;
    case "domctl":
    case "evtchn_reset":
      return false;
  }
};
