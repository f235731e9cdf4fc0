import { isXenstoreError } from "./client-error.ts";
import type { RequestNature } from "./request.ts";
import { REQUEST } from "./request-kinds.ts";
import type { Session } from "./session.ts";
import { Watch, type WatchHome, type WatchOptions } from "./watch.ts";

const BOUND: RequestNature = { boundToConnection: true };
const MUST: RequestNature = { boundToConnection: true, must: true };

/** @internal The watches of a client, by token; registered anew on each connection. */
export class WatchRegistry implements WatchHome {
  readonly #session: Session;
  readonly #watches = new Map<string, Watch>();
  #lastToken = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  get size(): number {
    return this.#watches.size;
  }

  add(path: string, options: WatchOptions): Watch {
    this.#lastToken += 1;
    const watch = new Watch(path, `x${this.#lastToken.toString(36)}`, options, this);
    // Its signal may have ended it already.
    if (watch.closed) return watch;
    this.#watches.set(watch.token, watch);
    if (this.#session.status.status === "ready") this.#register(watch);
    return watch;
  }

  /** An event for a token that is not (any more) ours is dropped. */
  deliver(path: string, token: string): void {
    this.#watches.get(token)?.deliver(path);
  }

  registerAll(): void {
    for (const watch of this.#watches.values()) this.#register(watch);
  }

  async unwatch(watch: Watch): Promise<void> {
    if (!this.#watches.delete(watch.token)) return;
    if (this.#session.status.status !== "ready") return;
    try {
      const args = [watch.path, watch.token];
      await this.#session.call(REQUEST.unwatch, 0, args, undefined, undefined, MUST);
    } catch (error) {
      // ENOENT and all else: the watch is gone, with or without our help.
      if (!isXenstoreError(error)) throw error;
    }
  }

  /** Takes all back from the server. */
  unwatchAll(): void {
    for (const watch of [...this.#watches.values()]) void watch.close();
  }

  /** Ends all; the server has none of them any more. */
  endAll(error: unknown): void {
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const watch of watches) watch.end(error);
  }

  #register(watch: Watch): void {
    const { path, token, serverDepth } = watch;
    const args = serverDepth === undefined ? [path, token] : [path, token, String(serverDepth)];
    this.#session.call(REQUEST.watch, 0, args, undefined, undefined, BOUND).then(
      () => watch.registered(),
      (error: unknown) => this.#refused(watch, error),
    );
  }

  #refused(watch: Watch, error: unknown): void {
    if (watch.closed) return;
    // Lost with its connection: registered again on the next, or ended with the client.
    if (isXenstoreError(error, "disconnected") || isXenstoreError(error, "closed")) return;
    if (watch.serverDepth !== undefined && isXenstoreError(error, "EINVAL") && !isSpecial(watch)) {
      watch.serverDepth = undefined;
      if (this.#session.status.status === "ready") this.#register(watch);
      return;
    }
    this.#watches.delete(watch.token);
    watch.end(error);
  }
}

const isSpecial = ({ path }: Watch): boolean => path.startsWith("@");
