import { XenstoreError } from "./client-error.ts";
import type { Runtime } from "./runtime.ts";

/** @internal Settles after `ms`; rejects with `aborted` when the signal comes first. */
export const pause = (
  ms: number,
  signal: AbortSignal | undefined,
  runtime: Runtime,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      const details = { request: "-", path: undefined, txId: 0, mayHaveExecuted: false };
      const options = { cause: signal?.reason as unknown };
      reject(new XenstoreError("aborted", "aborted (by the caller)", details, options));
    };
    const cancel = runtime.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
