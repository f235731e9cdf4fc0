import type { StoreRequests } from "@xenkit/xenstore-client";
import { type StoreCommand, saying } from "./store-call.ts";
import { inTransaction } from "./store-transaction.ts";
import { unescapeValue } from "./store-value.ts";

/** `xenstore-write`: one value, or several at once. */
export const storeWrite: StoreCommand = async ({ client, options, operands }) => {
  const writeAll = async (tx: StoreRequests): Promise<void> => {
    for (let index = 0; index < operands.length; index += 2) {
      const [path = "", text = ""] = operands.slice(index, index + 2);
      const value = options.raw ? text : unescapeValue(text);
      await tx.write(path, value).catch(saying(`could not write path ${path}`));
    }
  };
  // A single one needs no transaction, which a quota may refuse.
  await (operands.length === 2 ? writeAll(client) : inTransaction(client, writeAll));
  return 0;
};
