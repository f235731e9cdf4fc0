import { isXenstoredError } from "@xenkit/xenstored";
import { cannotServe } from "./xenkit-error.ts";

/**
 * What the system refuses is the user's to see, not ours to crash of.
 *
 * @param what - A path, or what it is called by.
 * @throws XenkitError cannot-serve.
 */
export const serving = <T>(what: string, server: Promise<T>): Promise<T> =>
  server.catch((cause: unknown) => {
    // Those of the daemon name the path themselves.
    const doing = isXenstoredError(cause) ? "cannot serve" : `cannot serve ${what}`;
    throw cannotServe(what, doing, cause);
  });
