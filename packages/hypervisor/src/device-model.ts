import { ERRNO } from "@xenkit/abi";
import { type Domain, LIFE } from "./domain.ts";
import { holdReference } from "./lifecycle.ts";

/**
 * Makes a domain the device model of another, once and for its whole life. It holds a reference:
 * the target is not freed before its device model has died.
 *
 * @returns 0, or −EINVAL when it has a target, is its own target, or one of the two is on its way
 *   out.
 */
export const setTarget = (domain: Domain, target: Domain): number => {
  const fits = domain !== target && domain.target === undefined && target.target === undefined;
  if (!fits || domain.life !== LIFE.alive || target.life !== LIFE.alive) return -ERRNO.EINVAL;
  domain.target = target;
  holdReference(target);
  return 0;
};
