import { DOMID, ERRNO, EVTCHNOP, evtchnBindVirq, getDomainState, HYPERVISOR } from "@xenkit/abi";
import type { DomainChange, DomainInfo, EventChannels, Hypercall } from "@xenkit/xenmanage";

/** Who follows the domains: ordinary code, which knows nothing of being explored. */
export interface Consumer {
  start(): void;
  /** Starts again, keeping what it knows. */
  resync(): void;
  snapshot(): readonly DomainInfo[];
  /** What it knows beside the snapshot, that its future depends on. */
  readonly more?: string;
}

/** What a consumer is made with. */
export interface Surroundings {
  readonly hypercall: Hypercall;
  readonly events: EventChannels;
  readonly tell: (change: DomainChange) => void;
  readonly onError: (error: unknown) => void;
}

export type MakeConsumer = (surroundings: Surroundings) => Consumer;

/** What a consumer asks its CPU for. */
type Request =
  | {
      readonly kind: "hypercall";
      readonly op: number;
      readonly bytes: Uint8Array;
      readonly cmd: number;
      readonly name: string;
    }
  | { readonly kind: "clear" | "unmask"; readonly port: number; readonly name: string };

/** What a consumer gets: an order, an event, or the answer to its last request. */
export type Input =
  | { readonly kind: "start" | "event" | "resync" }
  | { readonly kind: "answer"; readonly rc: number; readonly bytes: Uint8Array };

/** A consumer at rest, or waiting for the answer to a request. */
export interface ConsumerState {
  /** undefined: at rest. */
  readonly request: Request | undefined;
  /** What it told since the state before. */
  readonly told: readonly DomainChange[];
  readonly errors: readonly string[];
  readonly snapshot: readonly DomainInfo[];
  /** Equal keys, equal futures. */
  readonly key: string;
  /** The port it has bound; 0 for none. */
  readonly port: number;
  next(input: Input): ConsumerState;
}

/** Thrown out of a consumer when it asks for what has no answer yet. */
const SUSPENDED = Symbol("suspended");

/**
 * Makes states of a consumer's ordinary, synchronous code: the code runs again from its start with
 * all that it got so far, and stops where it asks for something new. So other CPUs can act between
 * any two of its hypercalls, and within them. Each state is found once.
 */
export const consumerStates = (make: MakeConsumer): ConsumerState => {
  const byKey = new Map<string, ConsumerState>();
  const stateAfter = (
    inputs: readonly Input[],
    toldBefore: number,
    errorsBefore: number,
  ): ConsumerState => {
    const run = runConsumer(make, inputs);
    const key = JSON.stringify([
      run.key,
      run.told.slice(toldBefore).map(changeKey),
      run.errors.slice(errorsBefore),
    ]);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const nexts = new Map<string, ConsumerState>();
    const state: ConsumerState = {
      request: run.request,
      told: run.told.slice(toldBefore),
      errors: run.errors.slice(errorsBefore),
      snapshot: run.snapshot,
      key,
      port: run.port,
      next: (input) => {
        // What an answer can differ in: the result, and what a hypercall writes.
        const name =
          input.kind === "answer"
            ? `${input.rc} ${String.fromCharCode(...input.bytes.subarray(8, 32))}`
            : input.kind;
        let next = nexts.get(name);
        if (next === undefined) {
          next = stateAfter([...inputs, input], run.told.length, run.errors.length);
          nexts.set(name, next);
        }
        return next;
      },
    };
    byKey.set(key, state);
    return state;
  };
  return stateAfter([], 0, 0);
};

const changeKey = ({ kind, domain }: DomainChange): string =>
  `${kind} ${domain.domid} ${domain.uniqueId} ${domain.state}`;

const rowsOf = (snapshot: readonly DomainInfo[]): unknown[] =>
  snapshot.map(({ domid, uniqueId, state }) => [domid, String(uniqueId), state]);

interface Run {
  readonly request: Request | undefined;
  readonly told: readonly DomainChange[];
  readonly errors: readonly string[];
  readonly snapshot: readonly DomainInfo[];
  readonly port: number;
  readonly key: string;
}

const runConsumer = (make: MakeConsumer, inputs: readonly Input[]): Run => {
  const told: DomainChange[] = [];
  const errors: string[] = [];
  let at = 0;
  let request: Request | undefined;
  let listener: (() => void) | undefined;
  let port = 0;
  // What a consumer may remember between its calls, beside its table, as far as it can be seen.
  const seen = {
    drained: false,
    census: new Set<number>(),
    answers: [] as string[],
    before: "",
    event: false,
  };
  let consumer: Consumer | undefined;
  const moment = (): Pick<Run, "snapshot" | "port" | "key"> => {
    const snapshot = consumer?.snapshot() ?? [];
    const rows = rowsOf(snapshot);
    const census = seen.drained ? "all" : [...seen.census].sort((a, b) => a - b);
    const waits = request && [request.name, "port" in request ? request.port : 0];
    const drain = seen.answers.length === 0 ? [] : [seen.before, seen.answers];
    const remembered = [port, census, drain, seen.event, listener === undefined];
    return { snapshot, port, key: JSON.stringify([rows, consumer?.more, remembered, waits]) };
  };
  let atSuspension: ReturnType<typeof moment> | undefined;

  const ask = (wanted: Request): { rc: number; bytes: Uint8Array } => {
    for (;;) {
      // Once suspended, whatever it does on its way out is not part of the run.
      const input = request === undefined ? inputs[at] : undefined;
      if (input === undefined) {
        if (request === undefined) {
          request = wanted;
          atSuspension = moment();
        }
        throw SUSPENDED;
      }
      at += 1;
      if (input.kind === "answer") return { rc: input.rc, bytes: input.bytes };
      seen.event = true;
      listener?.();
    }
  };
  const call = (name: string, op: number, bytes: Uint8Array, cmd = 0): number => {
    const answer = ask({ kind: "hypercall", op, bytes: bytes.slice(), cmd, name });
    bytes.set(answer.bytes);
    return answer.rc;
  };
  const portOp = (name: "close", number: number, cmd: number): void => {
    call(name, HYPERVISOR.eventChannelOp, Uint8Array.of(number, number >>> 8, 0, 0), cmd);
  };
  const events: EventChannels = {
    bindVirq: (virq, vcpu) => {
      const bytes = evtchnBindVirq.encode({ virq, vcpu, port: 0 });
      const rc = call("bind", HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.bindVirq);
      if (rc < 0) throw Object.assign(new Error(`bind: ${rc}`), { details: { errno: -rc } });
      ({ port } = evtchnBindVirq.decode(bytes));
      seen.drained = false;
      seen.census.clear();
      seen.answers.length = 0;
      return port;
    },
    onPort: (_port, told_) => {
      listener = told_;
      return () => {
        listener = undefined;
      };
    },
    clearPending: (number) => {
      seen.event = false;
      ask({ kind: "clear", port: number, name: "clear-pending" });
    },
    unmask: (number) => {
      ask({ kind: "unmask", port: number, name: "unmask" });
    },
    close: (number) => {
      port = 0;
      portOp("close", number, EVTCHNOP.close);
    },
  };
  const hypercall: Hypercall = (op, buffer) => {
    const domid = new DataView(buffer.buffer, buffer.byteOffset).getUint16(8, true);
    const name = domid === DOMID.invalid ? "poll" : `query ${domid}`;
    // What it knew before the drain: the changes follow from this and from the answers.
    if (seen.answers.length === 0) seen.before = JSON.stringify(rowsOf(consumer?.snapshot() ?? []));
    const rc = call(name, op, buffer);
    if (domid !== DOMID.invalid) return rc;
    if (rc !== 0) {
      // What a drain found may be told when it is over.
      seen.drained ||= rc === -ERRNO.ENOENT;
      seen.answers.length = 0;
      return rc;
    }
    const { domid: found, state, uniqueId } = getDomainState.decode(buffer);
    if (!seen.drained) seen.census.add(found);
    seen.answers.push(`${found}#${uniqueId} ${state}`);
    return rc;
  };
  consumer = make({
    hypercall,
    events,
    tell: (change) => {
      if (request === undefined) told.push(change);
    },
    onError: (error) => {
      if (request === undefined) errors.push(String(error));
    },
  });
  while (at < inputs.length && request === undefined) {
    const input = inputs[at] as Input;
    at += 1;
    try {
      if (input.kind === "start") consumer.start();
      else if (input.kind === "resync") consumer.resync();
      else listener?.();
    } catch (error) {
      if (request === undefined) errors.push(String(error));
    }
  }
  return { request, told, errors, ...(atSuspension ?? moment()) };
};
