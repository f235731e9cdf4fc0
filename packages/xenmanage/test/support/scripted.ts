import { DOMID, ERRNO } from "@xenkit/abi";
import type { EventChannels, Hypercall } from "@xenkit/xenmanage";

/** One answer of the script: a negated errno, or the fields of a domain. */
export type Answer =
  | number
  | { readonly domid: number; readonly state: number; readonly id: bigint; readonly caps?: number };

export const gone = (domid: number): Answer => ({ domid, state: 0, id: 0n });

/** What a script plays back, and what it was asked. */
export interface Script {
  /** The answers to DOMID_INVALID, in order; ENOENT when there are none left. */
  readonly changed: Answer[];
  /** The answers about one domid; ESRCH for the others. */
  readonly explicit: Map<number, Answer>;
  /** The domids of all requests. */
  readonly requests: number[];
  readonly hypercall: Hypercall;
}

/** A hypercall function that plays back answers, and ENOENT when there are none left. */
export const scripted = (): Script => {
  const changed: Answer[] = [];
  const explicit = new Map<number, Answer>();
  const requests: number[] = [];
  const hypercall: Hypercall = (_op, buffer) => {
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const domid = view.getUint16(8, true);
    requests.push(domid);
    const answer =
      domid === DOMID.invalid
        ? (changed.shift() ?? -ERRNO.ENOENT)
        : (explicit.get(domid) ?? -ERRNO.ESRCH);
    if (typeof answer === "number") return answer;
    view.setUint16(8, answer.domid, true);
    view.setUint16(16, answer.state, true);
    view.setUint16(18, answer.caps ?? 0, true);
    view.setBigUint64(24, answer.id, true);
    return 0;
  };
  return { changed, explicit, requests, hypercall };
};

/** Event channels with one port, 7: one pending and one mask bit, masked as it is announced. */
export class OnePort implements EventChannels {
  readonly log: string[] = [];
  /** The errno that a bind is refused with; 0 for none. */
  refusal = 0;
  closeError: Error | undefined = undefined;
  pending = false;
  masked = false;
  readonly #listeners = new Set<() => void>();

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Raises the event, as the hypervisor does. */
  raise(): void {
    if (this.pending) return;
    this.pending = true;
    this.#announce();
  }

  bindVirq(virq: number, vcpu: number): number {
    this.log.push(`bind ${virq} ${vcpu}`);
    if (this.refusal !== 0) {
      throw Object.assign(new Error("refused"), { details: { errno: this.refusal } });
    }
    return 7;
  }

  onPort(port: number, listener: () => void): () => void {
    if (port !== 7) throw new Error(`no port ${port}`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  clearPending(port: number): void {
    this.log.push(`clear ${port}`);
    this.pending = false;
  }

  unmask(port: number): void {
    this.log.push(`unmask ${port}`);
    this.masked = false;
    if (this.pending) this.#announce();
  }

  close(port: number): void {
    this.log.push(`close ${port}`);
    if (this.closeError !== undefined) throw this.closeError;
  }

  #announce(): void {
    if (this.masked) return;
    this.masked = true;
    for (const listener of this.#listeners) listener();
  }
}
