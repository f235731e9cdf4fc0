import { ABSOLUTE_PATH_MAX, pathKind, RELATIVE_PATH_MAX } from "@xenkit/xenstore-wire";
import { XenstoreError } from "./client-error.ts";
import type { Request } from "./request.ts";
import { textLength } from "./text.ts";

/**
 * Refuses what cannot travel. Whether a path is a good one is the server's to say.
 *
 * @param args - The strings before they were joined.
 * @param payloadMax - In bytes.
 * @throws XenstoreError `bad-argument`, `too-long`.
 */
export const checkRequest = (
  request: Request,
  args: readonly string[],
  payloadMax: number,
): void => {
  const { kind, text, value } = request;
  for (const arg of args) if (arg.includes("\0")) throw withNul(request.title());
  const first = args[0];
  if (kind.hasPath && first !== undefined) {
    const limit = pathKind(first) === "relative" ? RELATIVE_PATH_MAX : ABSOLUTE_PATH_MAX;
    if (first.length > limit) throw tooLong("the path", first.length, limit);
  }
  const length =
    textLength(text) + (typeof value === "string" ? textLength(value) : (value?.length ?? 0));
  if (length > payloadMax) throw tooLong(`the payload of ${kind.name}`, length, payloadMax);
};

const withNul = (title: string): XenstoreError<"bad-argument"> => {
  const what = `${title}: an argument with a NUL in it`;
  return new XenstoreError("bad-argument", `bad-argument: ${what}`, { what });
};

const tooLong = (what: string, length: number, limit: number): XenstoreError<"too-long"> => {
  const message = `too-long: ${what} has ${length} bytes, ${limit} at most`;
  return new XenstoreError("too-long", message, { what, length, limit });
};
