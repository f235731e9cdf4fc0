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
export type Request =
  | {
      readonly kind: "hypercall";
      readonly op: number;
      readonly bytes: Uint8Array;
      readonly cmd: number;
      readonly name: string;
      /** Equal texts, equal requests. */
      readonly text: string;
    }
  | {
      readonly kind: "clear" | "unmask";
      readonly port: number;
      readonly name: string;
      readonly text: string;
    };

/** What a consumer gets: an order, an event, or the answer to its last request. */
export type Input = { readonly kind: "start" | "event" | "resync" } | Answer;

/** What a hypercall returned and wrote. */
export interface Answer {
  readonly kind: "answer";
  readonly rc: number;
  readonly bytes: Uint8Array;
}

/** A consumer at rest, or waiting for the answer to a request. Equal states are one object. */
export interface ConsumerState {
  readonly id: number;
  /** Equal texts, equal futures. */
  readonly text: string;
  /** undefined: at rest. */
  readonly request: Request | undefined;
  readonly snapshot: readonly DomainInfo[];
  /** The port it has bound; 0 for none. */
  readonly port: number;
  next(input: Input): Progress;
}

/** A consumer's way from one request to the next. */
export interface Progress {
  readonly id: number;
  readonly state: ConsumerState;
  /** What it told on the way, or found, which it must tell at the end of its drain. */
  readonly told: readonly DomainChange[];
  /** What it had found, and did not tell. */
  readonly lost: string | undefined;
  readonly errors: readonly string[];
}

/** Thrown out of a consumer when it asks for what has no answer yet. */
const SUSPENDED = Symbol("suspended");

/** The handler is another: a drain ends here, and what it found is told. */
const NOT_THE_HANDLER: Input = { kind: "answer", rc: -ERRNO.EACCES, bytes: new Uint8Array(0) };

/** One way to a state: all that the consumer got, and what came of it. */
interface History {
  readonly inputs: readonly Input[];
  readonly run: Run;
  /** What it told, with what a drain found and will tell at its end, whatever comes. */
  readonly told: readonly DomainChange[];
}

/**
 * Makes states of a consumer's ordinary, synchronous code: the code runs again from its start with
 * all that it got so far, and stops where it asks for something new. So other CPUs can act between
 * any two of its hypercalls, and within them. Each state is found once.
 *
 * What the code remembers cannot be seen; the text of a state is what it is thought to be. That is
 * put to the test: wherever a second way leads to a state, whatever the state gets next must make the
 * same of both.
 *
 * @returns The state before it was started. @throws Error, on the way, when two ways differ.
 */
export const consumerStates = (make: MakeConsumer): ConsumerState => {
  const states = new Map<string, { readonly state: ConsumerState; readonly met: MeetHistory }>();
  let progresses = 0;
  const historyOf = (inputs: readonly Input[]): History => {
    const run = runConsumer(make, inputs);
    const isDraining = run.request?.name === "poll";
    const told = isDraining ? runConsumer(make, [...inputs, NOT_THE_HANDLER]).told : run.told;
    return { inputs, run, told };
  };
  const stateOf = (history: History): ConsumerState => {
    const known = states.get(history.run.text);
    if (known !== undefined) {
      known.met(history);
      return known.state;
    }
    const histories = [history];
    const nexts = new Map<string, { readonly input: Input; readonly progress: Progress }>();
    const byInput = new Map<Input, Progress>();
    const goOn = (input: Input): Progress => {
      const after = historyOf([...history.inputs, input]);
      progresses += 1;
      const progress: Progress = {
        id: progresses,
        state: stateOf(after),
        told: after.told.slice(history.told.length),
        lost: lostBetween(history, after),
        errors: after.run.errors.slice(history.run.errors.length),
      };
      nexts.set(nameOf(input), { input, progress });
      for (const other of histories) compare(other, input, progress);
      return progress;
    };
    const compare = (other: History, input: Input, progress: Progress): void => {
      if (other === history) return;
      const after = historyOf([...other.inputs, input]);
      const told = after.told.slice(other.told.length).map(changeText).join();
      const isSame =
        after.run.text === progress.state.text &&
        told === progress.told.map(changeText).join() &&
        lostBetween(other, after) === progress.lost;
      if (!isSame) throw new Error(`not one state: ${history.run.text}, then ${nameOf(input)}`);
    };
    const state: ConsumerState = {
      id: states.size,
      text: history.run.text,
      request: history.run.request,
      snapshot: history.run.snapshot,
      port: history.run.port,
      next: (input) => {
        let progress = byInput.get(input);
        if (progress === undefined) {
          progress = nexts.get(nameOf(input))?.progress ?? goOn(input);
          byInput.set(input, progress);
        }
        return progress;
      },
    };
    const met: MeetHistory = (other) => {
      histories.push(other);
      for (const { input, progress } of nexts.values()) compare(other, input, progress);
    };
    states.set(state.text, { state, met });
    return state;
  };
  return stateOf(historyOf([]));
};

/** Notes that a state was reached by another way. */
type MeetHistory = (history: History) => void;

const lostBetween = (before: History, after: History): string | undefined => {
  const later = after.told.map(changeText);
  return before.told.map(changeText).find((change, at) => change !== later[at]);
};

/** What an answer can differ in: the result, and what a hypercall writes. */
const nameOf = (input: Input): string =>
  input.kind === "answer"
    ? `${input.rc} ${String.fromCharCode(...input.bytes.subarray(8, 32))}`
    : input.kind;

const changeText = (change: DomainChange): string => {
  const { kind, domain } = change;
  const previous = "previous" in change ? change.previous.uniqueId : "";
  return `${kind} ${domain.domid} ${domain.uniqueId} ${domain.state} ${previous}`;
};

const rowsOf = (snapshot: readonly DomainInfo[]): unknown[] =>
  snapshot.map(({ domid, uniqueId, state }) => [domid, String(uniqueId), state]);

interface Run {
  readonly request: Request | undefined;
  readonly told: readonly DomainChange[];
  readonly errors: readonly string[];
  readonly snapshot: readonly DomainInfo[];
  readonly port: number;
  readonly text: string;
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
    event: false,
    // What it is carrying out: the code that the answer returns to.
    order: undefined as Input["kind"] | undefined,
    // Has a hypercall failed meanwhile? What started it may have to be told at its end.
    failed: false,
  };
  let consumer: Consumer | undefined;
  const isCertain = (domid: number): boolean => seen.drained || seen.census.has(domid);
  const moment = (): Pick<Run, "snapshot" | "port" | "text"> => {
    const snapshot = consumer?.snapshot() ?? [];
    const rows = rowsOf(snapshot);
    // Known before, and not reported since the VIRQ was bound: gone, when the first drain is over.
    const doubted = snapshot.map(({ domid }) => domid).filter((domid) => !isCertain(domid));
    const waits = request && [request.name, "port" in request ? request.port : 0];
    const remembered = [port, doubted, seen.event, listener === undefined, seen.order, seen.failed];
    return { snapshot, port, text: JSON.stringify([rows, consumer?.more, remembered, waits]) };
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
    const answer = ask({
      kind: "hypercall",
      op,
      bytes: bytes.slice(),
      cmd,
      name,
      text: `${name} ${bytes.join()}`,
    });
    bytes.set(answer.bytes);
    seen.failed ||= answer.rc < 0 && answer.rc !== -ERRNO.ENOENT;
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
      ask({ kind: "clear", port: number, name: "clear-pending", text: `clear ${number}` });
    },
    unmask: (number) => {
      ask({ kind: "unmask", port: number, name: "unmask", text: `unmask ${number}` });
    },
    close: (number) => {
      port = 0;
      portOp("close", number, EVTCHNOP.close);
    },
  };
  const hypercall: Hypercall = (op, buffer) => {
    const domid = new DataView(buffer.buffer, buffer.byteOffset).getUint16(8, true);
    const name = domid === DOMID.invalid ? "poll" : `query ${domid}`;
    const rc = call(name, op, buffer);
    if (domid !== DOMID.invalid) return rc;
    seen.drained ||= rc === -ERRNO.ENOENT;
    if (rc === 0 && !seen.drained) seen.census.add(getDomainState.decode(buffer).domid);
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
    seen.order = input.kind;
    seen.failed = false;
    try {
      if (input.kind === "start") consumer.start();
      else if (input.kind === "resync") consumer.resync();
      else listener?.();
    } catch (error) {
      if (request === undefined) errors.push(String(error));
    }
    seen.order = undefined;
    seen.failed = false;
  }
  return { request, told, errors, ...(atSuspension ?? moment()) };
};
