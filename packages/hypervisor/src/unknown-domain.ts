import { ERRNO } from "@xenkit/abi";
import { type Domain, isControl } from "./domain.ts";
import type { Machine } from "./machine.ts";

/**
 * What a caller is told of a domid that nobody has: from 4.22 only a control domain may learn that
 * it is free.
 */
export const unknownDomain = (machine: Machine, caller: Domain): number =>
  machine.profile.hidesUnknownDomids && !isControl(caller) ? -ERRNO.EPERM : -ERRNO.ESRCH;
