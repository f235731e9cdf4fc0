import { ERRNO, errnoName } from "@xenkit/abi";
import type { Domain } from "./domain.ts";
import { HypervisorError } from "./hypervisor-error.ts";
import type { Machine } from "./machine.ts";

/** The result of a typed operation: the number itself, or the errno thrown. */
export const orThrow = (operation: string, result: number): number => {
  if (result < 0) throw errnoError(operation, result);
  return result;
};

export const errnoError = (operation: string, result: number): HypervisorError<"errno"> =>
  new HypervisorError("errno", { operation, errno: -result, name: errnoName(result) });

/** The domain that a typed operation is about. ESRCH when there is none. */
export const findDomain = (machine: Machine, operation: string, domid: number): Domain => {
  const domain = machine.table.find(domid);
  if (domain === undefined) throw errnoError(operation, -ERRNO.ESRCH);
  return domain;
};
