import { DOMCTL, DOMCTL_SIZE, readCommand } from "@xenkit/abi";
import type { Line } from "./line.ts";

/** One thing that is not as recorded. */
export interface Mismatch {
  /** What: `rc`, a field of the buffer, a fact of an event. */
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

/** A line that the emulator answers otherwise, or that contradicts itself. */
export interface Difference {
  readonly line: Line;
  readonly mismatches: readonly Mismatch[];
}

/** Bytes as hex, in the order of memory. */
export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const HEADER = [
  ["cmd", 0, 4],
  ["interface_version", 4, 8],
  ["domain", 8, 10],
  ["pad", 10, 16],
] as const;

const STATE_FIELDS = [
  ["state", 16, 18],
  ["caps", 18, 20],
  ["pad0", 20, 24],
  ["unique_id", 24, 32],
] as const;

type Range = readonly [name: string, from: number, to: number];

/** The fields of a buffer; what has no name goes by its offsets, 8 bytes at a time. */
const fieldsOf = (bytes: Uint8Array): readonly Range[] => {
  const named: Range[] = [];
  if (bytes.length === DOMCTL_SIZE) {
    named.push(...HEADER);
    if (readCommand(bytes) === DOMCTL.getDomainState) named.push(...STATE_FIELDS);
  }
  const end = named.at(-1)?.[2] ?? 0;
  for (let from = end; from < bytes.length; from += 8) {
    const to = Math.min(from + 8, bytes.length);
    named.push([`bytes ${from}–${to - 1}`, from, to]);
  }
  return named;
};

/** The fields in which two buffers differ, as hex in the order of memory. */
export const compareBytes = (expected: Uint8Array, actual: Uint8Array): readonly Mismatch[] => {
  if (expected.length !== actual.length) {
    const sizes = { expected: `${expected.length} bytes`, actual: `${actual.length} bytes` };
    return [{ field: "size of the buffer", ...sizes }];
  }
  return fieldsOf(expected)
    .map(([field, from, to]) => ({
      field,
      expected: hex(expected.subarray(from, to)),
      actual: hex(actual.subarray(from, to)),
    }))
    .filter((mismatch) => mismatch.expected !== mismatch.actual);
};

/** A mismatch of two values, or none. */
export const compareValues = (
  field: string,
  expected: string | number | boolean,
  actual: string | number | boolean,
): readonly Mismatch[] =>
  expected === actual ? [] : [{ field, expected: String(expected), actual: String(actual) }];
