import { EVTCHNSTAT, VIRQ } from "@xenkit/abi";
import {
  type Call,
  createHypervisor,
  type DomainSummary,
  type EventChannels,
  type Hypervisor,
  type HypervisorOptions,
  type StepName,
} from "@xenkit/hypervisor";
import type { Hypercall } from "./commands.ts";
import type { Answer } from "./consumer.ts";

/** A hypercall with a name: equal names, equal hypercalls. */
export interface NamedHypercall extends Hypercall {
  readonly name: string;
  /** The domid that it creates a domain under. */
  readonly creates: number | undefined;
}

/** One thing that happens to the hypervisor. Each process has at most one call under way. */
export type Act =
  | { readonly kind: "begin"; readonly process: number; readonly hypercall: NamedHypercall }
  | { readonly kind: "step"; readonly process: number }
  | { readonly kind: "clear" | "unmask" | "deliver"; readonly port: number };

export const beginAct = (process: number, hypercall: NamedHypercall): Act => ({
  kind: "begin",
  process,
  hypercall,
});

/** What came of an act. */
export interface Effect {
  /** The step that was taken. */
  readonly step: StepName | undefined;
  /** What the hypercall returned and wrote, if this was its end. */
  readonly answer: Answer | undefined;
  /** Was the port told of an event? */
  readonly isHeard: boolean;
  /** A unique id was handed out a second time. */
  readonly isRepeat: boolean;
}

interface UnderWay {
  readonly hypercall: NamedHypercall;
  readonly call: Call;
  readonly bytes: Uint8Array;
}

/** What a call under way is, as text, and what else decides how it can be told from others. */
export interface CallText {
  readonly text: string;
  readonly next: StepName;
  /** The domid that the next step is about, if that is known. */
  readonly domid: number;
  /** The domains that it refers to. */
  readonly domains: readonly string[];
  /** Does it refer to a domain that cannot be found by its domid? */
  readonly isLost: boolean;
}

/** An event channel port with a VIRQ. */
interface VirqPort {
  readonly number: number;
  readonly isMasked: boolean;
  readonly isPending: boolean;
}

/** A hypervisor as the explorer sees it. */
export interface View {
  /** All that decides about its future. */
  readonly text: string;
  readonly domains: readonly DomainSummary[];
  /** The marked domids; empty while nobody has VIRQ_DOM_EXC bound. */
  readonly marked: readonly number[];
  /** Does an event wait to be brought to dom0? */
  readonly isEventWaiting: boolean;
  /** The port of dom0 that VIRQ_DOM_EXC is bound to. */
  readonly virqPort: VirqPort | undefined;
}

const NOTHING: Effect = {
  step: undefined,
  answer: undefined,
  isHeard: false,
  isRepeat: false,
};

/**
 * Ids as the explorer shows them: the domid and how many domains have had it. 12 is the second
 * domain 1. So the same programs have the same ids, in whatever order domains are created: nobody
 * but the hypervisor knows more of ids than which are equal.
 */
const idOf = (domid: number, incarnation: number): bigint => {
  if (incarnation > 9) throw new Error(`more than nine domains ${domid}`);
  return BigInt(domid * 10 + incarnation);
};

/** Where the unique id is in an answer of get_domain_state. */
const UNIQUE_ID_AT = 24;

/** A real hypervisor with the hypercalls that are under way on it. */
export class Emulator {
  readonly host: Hypervisor;
  readonly #events: EventChannels;
  readonly #calls = new Map<number, UnderWay>();
  /** By the hypervisor's own id: as idOf. */
  readonly #ids = new Map<string, bigint>();
  readonly #incarnations = new Map<number, number>();
  #flush: (() => void) | undefined;

  constructor(options: HypervisorOptions) {
    this.host = createHypervisor({
      ...options,
      limits: { eventPorts: 8 },
      deliver: (flush) => {
        this.#flush = flush;
      },
    });
    this.#events = this.host.eventChannels(0);
    this.#giveId(0);
  }

  /** The id by which the explorer knows a domain; 0 for none. */
  #idOf(uniqueId: bigint): bigint {
    return this.#ids.get(hex(uniqueId)) ?? 0n;
  }

  take(act: Act): Effect {
    switch (act.kind) {
      case "begin":
        return this.#begin(act.process, act.hypercall);
      case "step":
        return this.#step(act.process);
      case "clear":
        this.#events.clearPending(act.port);
        return NOTHING;
      case "unmask":
        this.#events.unmask(act.port);
        return NOTHING;
      case "deliver":
        return this.#deliver(act.port);
    }
  }

  #begin(process: number, hypercall: NamedHypercall): Effect {
    const { caller, op, cmd, creates } = hypercall;
    const bytes = hypercall.bytes.slice();
    const call = this.host.begin(caller, op, bytes, cmd);
    if (call.next === undefined) return { ...NOTHING, answer: this.#answer(call, bytes) };
    this.#calls.set(process, { hypercall, call, bytes });
    const isRepeat = creates !== undefined && !this.#giveId(creates);
    return { ...NOTHING, isRepeat };
  }

  #step(process: number): Effect {
    const { call, bytes } = this.#underWay(process);
    const step = call.next;
    call.step();
    if (call.next !== undefined) return { ...NOTHING, step };
    this.#calls.delete(process);
    return { ...NOTHING, step, answer: this.#answer(call, bytes) };
  }

  #answer({ result }: Call, bytes: Uint8Array): Answer {
    if (result === 0 && bytes.length > UNIQUE_ID_AT + 8) {
      const view = new DataView(bytes.buffer);
      const id = view.getBigUint64(UNIQUE_ID_AT, true);
      view.setBigUint64(UNIQUE_ID_AT, this.#idOf(id), true);
    }
    return { kind: "answer", rc: result, bytes };
  }

  /** The upcall: the kernel masks the port and wakes the consumer. */
  #deliver(port: number): Effect {
    let isHeard = false;
    const forget =
      port === 0
        ? undefined
        : this.#events.onPort(port, () => {
            this.#events.mask(port);
            isHeard = true;
          });
    const flush = this.#flush;
    this.#flush = undefined;
    flush?.();
    forget?.();
    return { ...NOTHING, isHeard };
  }

  #underWay(process: number): UnderWay {
    const found = this.#calls.get(process);
    if (found === undefined) throw new Error(`process ${process} has no call under way`);
    return found;
  }

  /** @returns False when the id was there before. */
  #giveId(domid: number): boolean {
    const id = this.host.dump().uniqueIds.last;
    if (this.#ids.has(id)) return false;
    const incarnation = (this.#incarnations.get(domid) ?? 0) + 1;
    this.#incarnations.set(domid, incarnation);
    this.#ids.set(id, idOf(domid, incarnation));
    return true;
  }

  /** All of the hypervisor, but the calls under way. */
  look(): View {
    const { domains, changed, limbo, deliveries, virqHandlers } = this.host.dump();
    const created = [...this.#calls.values()].flatMap(({ call, hypercall }) =>
      call.next === "link" ? [hypercall.creates] : [],
    );
    const dom0 = domains.find(({ domid }) => domid === 0);
    const port = dom0?.ports.find(
      ({ virq, kind }) => kind === EVTCHNSTAT.virq && virq === VIRQ.domExc,
    );
    const text = JSON.stringify([
      domains.map(({ domid, uniqueId, life, shutdown, teardownSteps, ports, pending }) => [
        domid,
        String(this.#ids.get(uniqueId)),
        life,
        shutdown,
        teardownSteps,
        ports.map(({ number, masked }) => [number, masked]),
        pending,
      ]),
      changed,
      [...limbo].sort(),
      deliveries,
      virqHandlers,
      // Their domids are taken already.
      created.sort(),
      [...this.#incarnations].sort(([one], [other]) => one - other),
      this.#flush === undefined,
    ]);
    return {
      text,
      domains: this.host.domains().map((one) => ({ ...one, uniqueId: this.#idOf(one.uniqueId) })),
      marked: changed ?? [],
      isEventWaiting: this.#flush !== undefined,
      virqPort: port && {
        number: port.number,
        isMasked: port.masked,
        isPending: dom0?.pending.includes(port.number) === true,
      },
    };
  }

  /** The same of one call; undefined when the process has none. */
  callText(process: number): CallText | undefined {
    const found = this.#calls.get(process);
    const next = found?.call.next;
    if (found === undefined || next === undefined) return undefined;
    const linked = new Set(this.host.domains().map(({ uniqueId }) => hex(uniqueId)));
    const domains: string[] = [];
    let isLost = false;
    const dump = found.call.dump();
    const dumpText = JSON.stringify(dump, (_key, value) => {
      if (typeof value?.uniqueId !== "string") return value;
      const id = String(this.#ids.get(value.uniqueId));
      domains.push(id);
      // What can be found is part of the hypervisor's own text.
      if (linked.has(value.uniqueId)) return id;
      isLost = true;
      return [id, value.life, value.shutdown];
    });
    const text = `${found.hypercall.name} ${dumpText}`;
    return { text, next, domid: domidOf(dump), domains, isLost };
  }
}

/** An operation ends with its next step; a drain is one. */
const domidOf = (dump: unknown): number => {
  const parts = dump as readonly unknown[];
  const last = parts.at(-1);
  const domid = Array.isArray(last) ? last[1] : parts[1];
  return typeof domid === "number" ? domid : -1;
};

const hex = (id: bigint): string => `0x${id.toString(16)}`;
