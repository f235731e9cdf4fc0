import { HypervisorError } from "./hypervisor-error.ts";

/**
 * One place in a state that came from outside: a value that is looked at only after its kind was
 * checked.
 */
export interface Checked {
  readonly path: string;
  readonly isNull: boolean;
  /** A field of an object. */
  at(key: string): Checked;
  /** The elements of an array. */
  items(): Checked[];
  /** An integer from `min` to `max`. */
  integer(min: number, max: number): number;
  /** `0x` and hexadecimal digits of a number from 0 to 2^64 − 1. */
  id(): bigint;
  /** Lower-case hexadecimal digits of this many bytes, or "". */
  hex(bytes: number): string;
  flag(): boolean;
  oneOf<T extends string>(names: readonly T[]): T;
  /** Refuses the whole state because of this place. */
  fail(reason: string): HypervisorError<"bad-state">;
}

export const checked = (value: unknown, path: string): Checked => {
  const fail = (reason: string): HypervisorError<"bad-state"> =>
    new HypervisorError("bad-state", { path, reason });
  return {
    path,
    isNull: value === null,
    fail,
    at: (key) => {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) {
        throw fail(`has no field ${key}`);
      }
      return checked((value as Record<string, unknown>)[key], `${path}.${key}`);
    },
    items: () => {
      if (!Array.isArray(value)) throw fail("is not an array");
      return value.map((item, index) => checked(item, `${path}[${index}]`));
    },
    integer: (min, max) => {
      if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
        throw fail(`is not an integer from ${min} to ${max}`);
      }
      return value as number;
    },
    id: () => {
      if (typeof value === "string" && /^0x[0-9a-f]{1,16}$/.test(value)) return BigInt(value);
      throw fail("is not a 64-bit number in hexadecimal digits");
    },
    hex: (bytes) => {
      if (typeof value === "string" && /^[0-9a-f]*$/.test(value)) {
        if (value.length === 0 || value.length === 2 * bytes) return value;
      }
      throw fail(`is not ${bytes} bytes in hexadecimal digits`);
    },
    flag: () => {
      if (typeof value !== "boolean") throw fail("is neither true nor false");
      return value;
    },
    oneOf: (names) => {
      const found = names.find((name) => name === value);
      if (found === undefined) throw fail(`is not one of ${names.join(", ")}`);
      return found;
    },
  };
};
