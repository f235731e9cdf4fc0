import type { WireErrorName } from "@xenkit/xenstore-wire";
import type { Perms } from "./perms.ts";
import type { Request, Rooms } from "./request.ts";

/**
 * Whether a node would be more than the caller may write.
 *
 * @param content - Value and list of children, in bytes.
 */
export const tooBig = (
  rooms: Rooms,
  { connection }: Request,
  perms: Perms,
  content: number,
): boolean => rooms.limits.refuses(connection, "node-size", 16 + 8 * perms.length + content);

/** What {@link tooBig} ends in: inside a transaction it also keeps that from being committed. */
export const refuseSize = ({ transaction }: Request): WireErrorName => {
  if (transaction !== undefined) transaction.failed = true;
  return "ENOSPC";
};
