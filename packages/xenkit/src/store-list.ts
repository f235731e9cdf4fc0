import { joined, type StoreCommand, saying } from "./store-call.ts";
import { inTransaction } from "./store-transaction.ts";

/** `xenstore-list`: a line for each child. */
export const storeList: StoreCommand = async ({ client, options, operands, write }) => {
  let output = "";
  await inTransaction(client, async (tx) => {
    output = "";
    try {
      for (const path of operands) {
        const names = await tx.list(path).catch(saying(`could not list path ${path}`));
        for (const name of names) output += `${options.prefix ? joined(path, name) : name}\n`;
      }
    } catch (error) {
      write(output);
      throw error;
    }
  });
  write(output);
  return 0;
};
