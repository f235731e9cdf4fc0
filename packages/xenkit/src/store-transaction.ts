import { type Client, isXenstoreError, type StoreRequests } from "@xenkit/xenstore-client";
import { storeFailed } from "./xenkit-error.ts";

/**
 * Runs a command in a transaction, again as long as others are faster. What it throws aborts the transaction.
 *
 * @throws XenkitError store-failed, when there is no transaction, or it cannot be committed.
 */
export const inTransaction = async <T>(
  client: Client,
  body: (tx: StoreRequests) => Promise<T>,
): Promise<T> => {
  let begun = false;
  try {
    return await client.transaction(
      (tx) => {
        begun = true;
        return body(tx);
      },
      { attemptsMax: Number.POSITIVE_INFINITY },
    );
  } catch (cause) {
    if (!isXenstoreError(cause)) throw cause;
    const what = begun ? "couldn't end transaction" : "couldn't start transaction";
    throw storeFailed(what, cause);
  }
};

/** As {@link inTransaction}, for reading: where there are no transactions it does without. */
export const inTransactionIfPossible = async <T>(
  client: Client,
  body: (tx: StoreRequests) => Promise<T>,
): Promise<T> => {
  const done: { result?: T } = {};
  try {
    return await client.transaction(
      async (tx) => {
        done.result = await body(tx);
        return done.result;
      },
      { attemptsMax: Number.POSITIVE_INFINITY },
    );
  } catch (error) {
    if (!isXenstoreError(error)) throw error;
    return done.result ?? body(client);
  }
};
