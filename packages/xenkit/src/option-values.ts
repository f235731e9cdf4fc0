import { InvalidArgumentError } from "commander";

/** Reads a whole number; refuses others. */
export const numberIn =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** Reads each of several values, in order. */
export const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: T[] | undefined): T[] => [...(before ?? []), parse(text)];

/** Refuses nothing but an empty text. */
export const nonEmpty = (text: string): string => {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
};
