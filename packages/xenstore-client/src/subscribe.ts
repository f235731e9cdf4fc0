import type { Watch } from "./watch.ts";
import type { WatchEvent } from "./watch-queue.ts";

/** A watch whose events go to a callback. */
export interface Subscription extends AsyncDisposable {
  /** Settles when the server has the watch; rejects when it refuses. */
  readonly ready: Promise<void>;
  /**
   * Settles when the watch is closed; rejects when it ended by an error, or by one that the callback threw. The
   * latter is reported as unhandled unless somebody awaits this.
   */
  readonly ended: Promise<void>;
  /** Takes the watch back. Never rejects. */
  close(): Promise<void>;
}

/** @internal */
export const subscribe = (
  watch: Watch,
  listener: (event: WatchEvent) => void | Promise<void>,
): Subscription => {
  const ended = deliver(watch, listener);
  return {
    ready: watch.ready,
    ended,
    close: () => watch.close(),
    [Symbol.asyncDispose]: () => watch.close(),
  };
};

const deliver = (
  watch: Watch,
  listener: (event: WatchEvent) => void | Promise<void>,
): Promise<void> => {
  let listening = false;
  const loop = async (): Promise<void> => {
    for await (const event of watch) {
      listening = true;
      await listener(event);
      listening = false;
    }
  };
  const ended = new Promise<void>((resolve, reject) => {
    loop().then(resolve, (error: unknown) => {
      // The connection's errors are told in other places, too; a callback's fault must not go unseen.
      if (!listening) ended.catch(() => {});
      reject(error);
    });
  });
  return ended;
};
