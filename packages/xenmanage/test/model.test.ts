import { ERRNO, STATE } from "@xenkit/abi";
import {
  createHypervisor,
  type DrainOrder,
  type Hypervisor,
  isHypervisorError,
  type StepName,
  type UniqueIdPolicy,
} from "@xenkit/hypervisor";
import {
  type DomainChange,
  DomainTracker,
  isXenmanageError,
  openXenmanage,
} from "@xenkit/xenmanage";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byStep } from "./support/by-step.ts";

/** One thing that happens: to the host, to the tracker, or to time. */
type Action =
  | { readonly act: "create" | "shutdown" | "resume" | "destroy" | "step"; readonly domid: number }
  | { readonly act: "hold" | "release" | "refresh"; readonly domid: number }
  | { readonly act: "create-any" | "drain" | "deliver" | "free" | "resync" | "fail" };

const domid = fc.integer({ min: 1, max: 6 });
const about = <A extends string>(...acts: A[]) =>
  fc.record({ act: fc.constantFrom(...acts), domid });
const hostAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: about("create") },
  about("shutdown", "resume", "destroy", "step"),
  fc.constant({ act: "create-any" as const }),
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: hostAction },
  { weight: 2, arbitrary: fc.constantFrom({ act: "drain" as const }, { act: "deliver" as const }) },
  about("hold", "release", "refresh"),
  fc.constantFrom<Action>({ act: "free" }, { act: "resync" }, { act: "fail" }),
);

/** What really happened to one incarnation, for comparison with what was told. */
interface Truth {
  readonly domid: number;
  shutdowns: number;
  resumes: number;
  deaths: number;
}

/** A host with its clockwork in our hands: when events arrive, when domains are freed, what other CPUs do. */
class World {
  readonly host: Hypervisor;
  readonly tracker: DomainTracker;
  readonly truth = new Map<bigint, Truth>();
  /** What a listener believes who only hears the changes. */
  readonly heard = new Map<number, { readonly id: bigint; state: number }>();
  readonly counts = new Map<string, number>();
  readonly #frees: (() => void)[] = [];
  readonly #deliver: (() => void)[] = [];
  #failures = 0;
  readonly #meanwhile: Action[];
  #draining = false;

  constructor(
    options: { readonly drainOrder: DrainOrder; readonly uniqueIds: UniqueIdPolicy },
    eventsAt: "once" | "last",
    meanwhile: readonly Action[],
  ) {
    this.#meanwhile = [...meanwhile];
    this.host = createHypervisor({
      ...options,
      clock: () => 0x1234_5678_9abc_def0n,
      teardownSteps: 1,
      deliver: (flush) => (eventsAt === "once" ? flush() : this.#deliver.push(flush)),
      schedule: (free) => this.#frees.push(free),
    });
    this.tracker = new DomainTracker({
      manage: openXenmanage({
        hypercall: (op, buffer) => {
          if (this.#failures > 0) {
            this.#failures -= 1;
            return -ERRNO.EFAULT;
          }
          this.#draining = true;
          const rc = byStep(this.host, op, buffer, (step) => this.#otherCpu(step));
          this.#draining = false;
          return rc;
        },
      }),
      events: this.host.eventChannels(0),
      onError: (error) => {
        if (!isXenmanageError(error, "unexpected-errno")) throw error;
      },
    });
    this.tracker.onChange((change) => this.#hear(change));
    this.tracker.start();
  }

  do(action: Action): void {
    this.#attempt(() => this.#perform(action));
  }

  #perform(action: Action): unknown {
    switch (action.act) {
      case "drain":
        return this.tracker.drain();
      case "deliver":
        return this.#deliverAll();
      case "free":
        return this.#frees.shift()?.();
      case "resync":
        return this.tracker.resync();
      case "refresh":
        return this.tracker.refresh(action.domid);
      case "fail":
        this.#failures = 1;
        return undefined;
      case "create-any":
        return this.#created(this.host.createDomain());
      case "create":
        return this.#created(this.host.createDomain({ domid: action.domid }));
      default:
        return this.#change(action.act, action.domid);
    }
  }

  /** Everything under way comes to its end, and the tracker looks once more. */
  settle(): void {
    this.#failures = 0;
    this.#meanwhile.length = 0;
    for (const { domid: dying, state } of this.host.domains()) {
      if ((state & STATE.dying) !== 0) this.#change("destroy", dying);
    }
    for (const free of this.#frees.splice(0)) free();
    this.#deliverAll();
    if (!this.tracker.running) this.tracker.start();
    this.tracker.drain();
    // A resume marks nothing: it is seen by asking.
    for (const { domid: known } of this.tracker.snapshot()) this.tracker.refresh(known);
  }

  #attempt(what: () => unknown): void {
    try {
      what();
    } catch (error) {
      // What the present state does not allow, or the failure that was ordered.
      const isExpected =
        isHypervisorError(error, "errno") ||
        isXenmanageError(error, "unexpected-errno") ||
        isXenmanageError(error, "wrong-state");
      if (!isExpected) throw error;
    }
  }

  #created(made: number): void {
    const id = this.host.domain(made)?.uniqueId ?? 0n;
    if (this.truth.has(id)) return;
    this.truth.set(id, { domid: made, shutdowns: 0, resumes: 0, deaths: 0 });
  }

  #change(act: string, about: number): void {
    const state = this.host.domain(about)?.state ?? 0;
    const truth = this.truth.get(this.host.domain(about)?.uniqueId ?? 0n);
    if (truth === undefined) return;
    const has = (flag: number): boolean => (state & flag) !== 0;
    const ends = act === "destroy" || (act === "step" && has(STATE.dying));
    // Counted first: the event can arrive before the operation returns.
    if (act === "shutdown" && !has(STATE.shutdown)) truth.shutdowns += 1;
    if (act === "resume" && has(STATE.shutdown)) truth.resumes += 1;
    if (ends && !has(STATE.dead)) truth.deaths += 1;
    if (act === "shutdown") this.host.shutdownDomain(about);
    if (act === "resume") this.host.resumeDomain(about);
    if (act === "hold") this.host.holdReference(about);
    if (act === "release") this.host.releaseReference(about);
    if (act === "step") this.host.destroyStep(about);
    if (act === "destroy") this.host.destroyDomain(about);
  }

  #deliverAll(): void {
    for (const flush of this.#deliver.splice(0)) flush();
  }

  /** Between two steps of the tracker's drain, another CPU may do something to the host. */
  #otherCpu(step: StepName): void {
    if (!this.#draining || step !== "look-up") return;
    this.#draining = false;
    const next = this.#meanwhile.shift();
    if (next !== undefined) this.do(next);
    this.#draining = true;
  }

  #count(kind: string, id: bigint, atMost: number | undefined): void {
    const key = `${kind} ${id}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    expect(count, key).toBeLessThanOrEqual(atMost ?? 0);
  }

  /** Every change follows from what was heard before, and from what really happened. */
  #hear(change: DomainChange): void {
    const { kind, domain } = change;
    const known = this.heard.get(domain.domid);
    // It can be heard of before its creation returns.
    if (this.host.domain(domain.domid)?.uniqueId === domain.uniqueId) this.#created(domain.domid);
    const truth = this.truth.get(kind === "gone" ? change.previous.uniqueId : domain.uniqueId);
    if (kind === "appeared") expect(known).toBeUndefined();
    else expect(known?.id).toBe(change.previous.uniqueId);
    if (kind !== "appeared" && kind !== "replaced" && kind !== "gone") {
      expect(domain.uniqueId).toBe(known?.id);
      expect((known?.state ?? 0) & STATE.dead, "dead is the last but gone").toBe(0);
    }
    if (domain.domid !== 0) expect(truth?.domid).toBe(domain.domid);
    switch (kind) {
      case "appeared":
      case "replaced":
        expect(domain.state & STATE.exist).toBe(STATE.exist);
        expect(domain.uniqueId).not.toBe(known?.id);
        this.#count("appeared", domain.uniqueId, 1);
        break;
      case "shutdown":
        expect((known?.state ?? 0) & STATE.shutdown).toBe(0);
        this.#count(kind, domain.uniqueId, truth?.shutdowns);
        break;
      case "resumed":
        expect((known?.state ?? 0) & STATE.shutdown).toBe(STATE.shutdown);
        this.#count(kind, domain.uniqueId, truth?.resumes);
        break;
      case "dead":
        this.#count(kind, domain.uniqueId, truth?.deaths);
        break;
      case "gone":
        expect(this.host.domain(domain.domid)?.uniqueId).not.toBe(change.previous.uniqueId);
        this.heard.delete(domain.domid);
        return;
    }
    this.heard.set(domain.domid, { id: domain.uniqueId, state: domain.state });
  }
}

const truthOf = (host: Hypervisor) =>
  host
    .domains()
    .map(({ domid: d, state, caps, uniqueId }) => ({ domid: d, state, caps, uniqueId }));

describe("a tracker", () => {
  test.each([
    { drainOrder: "clear-first", uniqueIds: "sequence" },
    { drainOrder: "clear-first", uniqueIds: "xorshift" },
    { drainOrder: "lookup-first", uniqueIds: "sequence" },
    { drainOrder: "lookup-first", uniqueIds: "xorshift" },
  ] as const)(
    "has the host's domains when all is quiet, and told only what happened: $drainOrder, $uniqueIds",
    (options) => {
      // Xen's order loses what another CPU creates in the middle of a drain: there, none interferes.
      const meanwhile =
        options.drainOrder === "clear-first" ? fc.array(hostAction) : fc.constant([]);
      const actions = fc.array(action, { maxLength: 60 });
      fc.assert(
        fc.property(
          actions,
          fc.constantFrom("once", "last"),
          meanwhile,
          (todo, eventsAt, others) => {
            const world = new World(options, eventsAt, others);
            for (const each of todo) world.do(each);
            world.settle();
            expect(world.tracker.snapshot()).toEqual(truthOf(world.host));
            for (const domain of world.tracker.snapshot()) {
              expect(world.heard.get(domain.domid)?.id).toBe(domain.uniqueId);
            }
            expect(world.heard.size).toBe(world.tracker.size);
          },
        ),
        { numRuns: 500 },
      );
    },
  );
});
