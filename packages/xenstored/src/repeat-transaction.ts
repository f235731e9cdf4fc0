import type { Connection } from "./connection.ts";
import { Refusal } from "./refusal.ts";
import type { Reply, Rooms } from "./request.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Asks everything that a transaction was asked again, over the store as it is now.
 *
 * @param fresh - A new transaction.
 * @returns Whether every answer is the same: then it is as if the old one had been asked just now, and `fresh` may be
 * committed in its place.
 */
export const repeatTransaction = (
  rooms: Rooms,
  connection: Connection,
  old: Transaction,
  fresh: Transaction,
): boolean => {
  const { log } = old;
  if (log === undefined || !log.complete) return false;
  for (const { type, payload, reply } of log) {
    // Grants were made for the domains of then: a domid that has ended may be another's now.
    if (type.namesDomains && rooms.domains.ended !== old.domainsEnded) return false;
    const request = {
      connection,
      transaction: fresh,
      tree: fresh,
      payload,
      afterReply: undefined,
    };
    let again: Reply;
    try {
      again = type.answer(rooms, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      again = error.reply;
    }
    if (!sameReply(again, reply)) return false;
  }
  return !fresh.failed;
};

const sameReply = (a: Reply, b: Reply): boolean => {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
};
