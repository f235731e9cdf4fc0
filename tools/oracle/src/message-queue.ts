import { FrameReader, type Message } from "@xenkit/xenstore-wire";

interface Waiter {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
}

/** Chunks in, messages out, in the order they came. What was whole before the end can still be taken. */
export class MessageQueue {
  readonly #reader = new FrameReader();
  readonly #messages: Message[] = [];
  readonly #waiters = new Set<Waiter>();
  #end: { readonly error: unknown } | undefined;

  /** Ends the queue if the bytes are no messages. */
  push(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    try {
      this.#reader.push(chunk);
      while (this.#reader.next()) this.#deliver(messageOf(this.#reader));
    } catch (error) {
      this.fail(error);
    }
  }

  take(): Message | undefined {
    return this.#messages.shift();
  }

  receive(signal?: AbortSignal): Promise<Message> {
    const message = this.take();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter = {
        resolve: (next) => {
          leave();
          resolve(next);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const abort = (): void => waiter.reject(signal?.reason);
      signal?.addEventListener("abort", abort);
      this.#waiters.add(waiter);
    });
  }

  /** No more will come. The first reason counts. */
  fail(error: unknown): void {
    this.#end ??= { error };
    for (const waiter of this.#waiters) waiter.reject(this.#end.error);
  }

  #deliver(message: Message): void {
    const [waiter] = this.#waiters;
    if (waiter === undefined) this.#messages.push(message);
    else waiter.resolve(message);
  }
}

const messageOf = ({ type, reqId, txId, payload }: FrameReader): Message => ({
  type,
  reqId,
  txId,
  payload: payload.slice(),
});
