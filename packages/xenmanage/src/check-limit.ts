import { XenmanageError } from "./xenmanage-error.ts";

/** @throws XenmanageError bad-option unless `value` is 1 or more. */
export const checkLimit = (option: "limit" | "drainLimit", value: number): void => {
  if (value >= 1) return;
  const message = `${option}: bad-option: ${value} is not 1 or more`;
  throw new XenmanageError("bad-option", message, { option, value });
};
