import { errnoName } from "@xenkit/abi";
import { HypervisorError } from "./hypervisor-error.ts";

/** The result of a typed operation: the number itself, or the errno thrown. */
export const orThrow = (operation: string, result: number): number => {
  if (result < 0) throw errnoError(operation, result);
  return result;
};

export const errnoError = (operation: string, result: number): HypervisorError<"errno"> =>
  new HypervisorError("errno", { operation, errno: -result, name: errnoName(result) });
