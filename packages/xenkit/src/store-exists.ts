import { isXenstoreError } from "@xenkit/xenstore-client";
import type { StoreCommand } from "./store-call.ts";
import { inTransaction } from "./store-transaction.ts";

/** `xenstore-exists`: 0 when all nodes can be read, else 1; says nothing. */
export const storeExists: StoreCommand = async ({ client, operands }) => {
  const all = await inTransaction(client, async (tx) => {
    for (const path of operands) {
      try {
        await tx.readBytes(path);
      } catch (error) {
        if (!isXenstoreError(error)) throw error;
        return false;
      }
    }
    return true;
  });
  return all ? 0 : 1;
};
