import type { StoreRequests } from "@xenkit/xenstore-client";
import { type StoreCommand, saying } from "./store-call.ts";
import { inTransaction } from "./store-transaction.ts";

/** `xenstore-rm`: removes subtrees; with `-t` also the parents that have neither a value nor children left. */
export const storeRm: StoreCommand = async ({ client, options, operands }) => {
  await inTransaction(client, async (tx) => {
    for (const path of operands) {
      await remove(tx, path);
      if (options.tidy) await tidy(tx, path);
    }
  });
  return 0;
};

const remove = (tx: StoreRequests, path: string): Promise<void> =>
  tx.rm(path).catch(saying(`could not remove path ${path}`));

const tidy = async (tx: StoreRequests, path: string): Promise<void> => {
  for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) {
    // What we may not look at stays.
    const isEmpty = await Promise.all([tx.readBytes(parent), tx.list(parent)]).then(
      ([value, names]) => value.length === 0 && names.length === 0,
      () => false,
    );
    if (!isEmpty) return;
    await remove(tx, parent);
  }
};

/** Empty when there is none below the root. */
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
