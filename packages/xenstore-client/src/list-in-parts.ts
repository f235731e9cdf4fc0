import { isXenstoreError, XenstoreError } from "./client-error.ts";
import { childNames } from "./reply.ts";
import { REQUEST } from "./request-kinds.ts";
import type { RequestOptions } from "./session-options.ts";
import type { StoreRequests } from "./store-requests.ts";

/** A list that changes at every look is given up. */
const RESTARTS_MAX = 100;
/** Far above what a store can hold; a server that goes on for ever is stopped here. In bytes. */
const LIST_MAX = 1 << 24;

/**
 * A child list that is too long for one reply: piece by piece, from the start again when it changes in between.
 *
 * @param tooBig - The `E2BIG` of DIRECTORY: what is thrown when the server knows no pieces.
 */
export const listInParts = async (
  store: StoreRequests,
  path: string,
  tooBig: XenstoreError,
  options: RequestOptions | undefined,
): Promise<string[]> => {
  let generation: string | undefined;
  let names = "";
  for (let restarts = 0; restarts < RESTARTS_MAX; ) {
    const part = await store
      .call(REQUEST.listPart, [path, String(names.length)], undefined, options)
      .catch((error: unknown) => {
        throw isXenstoreError(error, "ENOSYS") ? tooBig : error;
      });
    if (generation !== undefined && part.generation !== generation) {
      restarts += 1;
      generation = undefined;
      names = "";
      continue;
    }
    generation = part.generation;
    names += part.names;
    if (names.length > LIST_MAX) {
      const details = { what: `the list of ${path}`, length: names.length, limit: LIST_MAX };
      const message = `too-long: the list of ${path} has more than ${LIST_MAX} bytes`;
      throw new XenstoreError("too-long", message, details);
    }
    if (part.last) return childNames(names.replace(/\0$/, ""));
  }
  const message = `DIRECTORY_PART ${path}: conflict (the list changed ${RESTARTS_MAX} times)`;
  throw new XenstoreError("conflict", message, { attempts: RESTARTS_MAX }, { cause: tooBig });
};
