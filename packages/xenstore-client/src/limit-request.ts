import { atLeast } from "./at-least.ts";
import { XenstoreError } from "./client-error.ts";
import type { Request } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import type { RequestOptions } from "./session-options.ts";

/**
 * Ties a request to its caller's signal and time-out.
 *
 * @throws XenstoreError "bad-argument" when `timeoutMs` is no time.
 */
export const limitRequest = (
  request: Request,
  { signal, timeoutMs }: RequestOptions,
  runtime: Runtime,
): void => {
  if (signal?.aborted === true) {
    request.fail(abortedBy(request, signal));
    return;
  }
  atLeast(0, "timeoutMs", timeoutMs);
  const onAbort = (): void => request.fail(abortedBy(request, signal));
  signal?.addEventListener("abort", onAbort, { once: true });
  const cancel =
    timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : runtime.after(timeoutMs, () => request.fail(timedOut(request, timeoutMs)));
  request.onSettled = () => {
    signal?.removeEventListener("abort", onAbort);
    cancel?.();
  };
};

const abortedBy = (request: Request, signal: AbortSignal | undefined): XenstoreError =>
  request.unanswered("aborted", "by the caller", { cause: signal?.reason as unknown });

const timedOut = (request: Request, afterMs: number): XenstoreError<"timeout"> => {
  const details = { ...request.unansweredDetails("timeout"), afterMs };
  return new XenstoreError("timeout", `${request.title()}: timeout (${afterMs} ms)`, details);
};
