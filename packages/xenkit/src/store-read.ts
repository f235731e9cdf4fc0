import { type StoreCommand, saying } from "./store-call.ts";
import { inTransactionIfPossible } from "./store-transaction.ts";
import { escapeValue } from "./store-value.ts";

/** `xenstore-read`: a line for each value; with `-R` the values as they are, without an end of line. */
export const storeRead: StoreCommand = async ({ client, options, operands, write }) => {
  let output: (string | Uint8Array)[] = [];
  const flush = (): void => {
    for (const part of output) write(part);
  };
  try {
    await inTransactionIfPossible(client, async (tx) => {
      output = [];
      for (const path of operands) {
        const value = await tx.readBytes(path).catch(saying(`couldn't read path ${path}`));
        if (options.prefix) output.push(`${path}: `);
        output.push(options.raw ? value : `${escapeValue(value)}\n`);
      }
    });
  } finally {
    flush();
  }
  return 0;
};
