import { Broken } from "./broken.ts";
import type { Caller } from "./model-perms.ts";
import type { TreeRequest } from "./model-types.ts";
import type { StoreModel } from "./store-model.ts";

/** A request that the daemon has answered in a transaction. */
interface Done {
  readonly request: TreeRequest;
  /** At first only OK or the error; all of it once it was read. */
  answer: string;
}

/** A transaction as its client sees it: a commit must be what doing all of it at once would have been. */
export class Transaction {
  /** Once the answer to its start was read. */
  id: number | undefined;
  isEnding = false;
  /** The daemon has dropped it. */
  isOver = false;
  readonly #model: StoreModel;
  readonly #caller: Caller;
  readonly #version: number;
  readonly #ended: number;
  readonly #done: Done[] = [];

  constructor(model: StoreModel, caller: Caller) {
    this.#model = model;
    this.#caller = caller;
    this.#version = model.version;
    this.#ended = model.ended;
  }

  add(request: TreeRequest, told: string): Done {
    const done = { request, answer: told };
    this.#done.push(done);
    return done;
  }

  /** @param told - What the daemon says to its end. */
  conclude(told: string, asked: "before" | "anew"): void {
    if (told === "OK") this.#commit(asked);
    else if (!this.#mayRefuse(told)) {
      throw new Broken(`a commit was refused with ${told} without a reason`);
    }
  }

  /** What a quota has refused has done nothing, and is not judged again. */
  get #granted(): Done[] {
    return this.#done.filter(({ answer }) => answer !== "ENOSPC" && answer !== "ENOMEM");
  }

  #commit(asked: "before" | "anew"): void {
    const model = this.#model;
    const caller = this.#caller;
    const before = model.owned(caller.domid);
    const done = this.#granted;
    const requests = done.map(({ request }) => request);
    const hasEnded = model.ended !== this.#ended;
    const answers = model.commit(requests, caller, asked);
    for (const [at, { request, answer }] of done.entries()) {
      // What was granted to a domain that has ended meanwhile is dropped without a trace.
      if (answers[at] === answer || (hasEnded && request.kind === "getPerms")) continue;
      const { kind, path } = request;
      throw new Broken(`not serialisable: ${kind} ${path} was ${answer}, now ${answers[at]}`);
    }
    const after = model.owned(caller.domid);
    if (after > before && model.refuses(caller, "nodes", after)) {
      throw new Broken(`a commit gave domain ${caller.domid} ${after} nodes`);
    }
  }

  #mayRefuse(told: string): boolean {
    const { privileged, domid } = this.#caller;
    const model = this.#model;
    const isSpoiled = this.#done.length > this.#granted.length;
    if (told === "ENOMEM") return isSpoiled;
    if (told === "ENOSPC") {
      return model.refuses(this.#caller, "nodes", model.owned(domid) + 4 * this.#done.length);
    }
    if (told !== "EAGAIN") return false;
    const hasEnded = model.ended !== this.#ended;
    if (!privileged || hasEnded) return hasEnded || model.version !== this.#version;
    const requests = this.#done.map(({ request }) => request);
    const now = model.rehearse(requests, this.#caller);
    return this.#done.some(({ answer }, at) => answer !== now[at]);
  }
}
