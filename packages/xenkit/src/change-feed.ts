import type { ChangeAnswer } from "./control-protocol.ts";

/** Lines that a reader may be behind before it is given up: 32,000 domains all changing are fewer. */
const BACKLOG_MAX = 65_536;

/** Hands every change to every reader, as lines of JSON. */
export interface ChangeFeed extends Disposable {
  readonly publish: (change: ChangeAnswer) => void;
  /**
   * A stream that starts with an empty line, which says that from now on no change is missed. It ends when the
   * feed is disposed. A reader that does not keep up gets a last line with an `error` of code `too-slow`.
   */
  readonly open: () => ReadableStream<Uint8Array>;
}

/** Makes a feed without readers. */
export const createChangeFeed = (): ChangeFeed => {
  const utf8 = new TextEncoder();
  const readers = new Set<ReadableStreamDefaultController<Uint8Array>>();

  const close = (reader: ReadableStreamDefaultController<Uint8Array>): void => {
    readers.delete(reader);
    reader.close();
  };

  const giveUp = (reader: ReadableStreamDefaultController<Uint8Array>): void => {
    const message = `the reader is more than ${BACKLOG_MAX} changes behind`;
    reader.enqueue(utf8.encode(`${JSON.stringify({ error: { code: "too-slow", message } })}\n`));
    close(reader);
  };

  return {
    publish: (change) => {
      if (readers.size === 0) return;
      const line = utf8.encode(`${JSON.stringify(change)}\n`);
      for (const reader of [...readers]) {
        if ((reader.desiredSize ?? 0) <= -BACKLOG_MAX) giveUp(reader);
        else reader.enqueue(line);
      }
    },
    open: () => {
      let own: ReadableStreamDefaultController<Uint8Array> | undefined;
      return new ReadableStream({
        start: (controller) => {
          own = controller;
          readers.add(controller);
          controller.enqueue(utf8.encode("\n"));
        },
        cancel: () => {
          if (own !== undefined) readers.delete(own);
        },
      });
    },
    [Symbol.dispose]: () => {
      for (const reader of [...readers]) close(reader);
    },
  };
};
