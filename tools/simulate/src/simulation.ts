import { DOMCTL, DOMCTL_SIZE, HYPERVISOR, STATE } from "@xenkit/abi";
import { Truth } from "@xenkit/explore";
import { createHypervisor, type Hypervisor, type HypervisorOptions } from "@xenkit/hypervisor";
import type { DomainChange } from "@xenkit/xenmanage";
import type { StoreDaemon, StoreDaemonOptions } from "@xenkit/xenstored";
import { Broken } from "./broken.ts";
import { Cpus } from "./cpus.ts";
import { Dom0, EVENT_TIMEOUT } from "./dom0.ts";
import { History } from "./history.ts";
import {
  assertHolds,
  assertNoInheritance,
  assertQuiet,
  assertTable,
  belongingsOf,
  halfTold,
  inheritedBy,
  type Quiet,
} from "./quiet.ts";
import { type Random, randomOf } from "./random.ts";
import { LAST_DOMID } from "./request-mix.ts";
import type { Session } from "./session.ts";
import type { StoreModel } from "./store-model.ts";
import { VirtualClock } from "./virtual-clock.ts";
import type { World } from "./world.ts";

/** So many steps of a storm, until the tracker is looked at. */
const SQUALL = 40;
/** After so many rounds of virtual time everything must have been answered. */
const PATIENCE = 1000;

/** Known bugs of the hypervisor, a world that loses something, a daemon that is another: to see that they are found. */
export interface Switches extends Pick<HypervisorOptions, "drainOrder" | "noticeOrder"> {
  /** Whether the daemon is told of a change. */
  readonly isTold?: (change: DomainChange, daemon: StoreDaemon) => boolean;
  readonly daemon?: Partial<StoreDaemonOptions>;
}

/** What a process does no more: whatever it was about to. */
class Crash extends Error {}

/** @throws All but the end of a process. */
const orCrash = (error: unknown): void => {
  if (!(error instanceof Crash)) throw error;
};

/** A whole host, whose every order of events follows from one number. */
export class Simulation implements World {
  readonly random: Random;
  readonly history: History = new History();
  readonly clock: VirtualClock = new VirtualClock();
  readonly host: Hypervisor;
  entry = 0;
  speaker: Session | undefined;
  spared = 0;
  readonly #truth = new Truth();
  readonly #dom0: Dom0;
  readonly #cpus: Cpus;
  #flushes: (() => void)[] = [];
  #isBusy = false;
  /** The most milliseconds that go by at once, mostly. */
  #pace = 8;
  /** The daemon was killed in the middle of what it did. */
  #isKilled = false;
  #dropped = 0;
  #timedOut = 0;

  constructor(seed: number, { isTold = () => true, daemon = {}, ...bugs }: Switches = {}) {
    this.random = randomOf(seed);
    this.host = createHypervisor({
      ...bugs,
      teardownSteps: 2,
      // Too few of everything: creations and mappings fail at times.
      limits: { domains: 6, eventPorts: 8, mappings: 4 },
      deliver: (flush) => this.#flushes.push(flush),
      onListenerError: orCrash,
    });
    this.#cpus = new Cpus(this);
    this.#dom0 = new Dom0(this, {
      hypercall: (op, buffer) => this.#hypercall(op, buffer),
      onError: orCrash,
      truth: this.#truth,
      isTold,
      daemon,
    });
    this.observe();
    this.#startDaemon();
  }

  get daemon(): StoreDaemon {
    return this.#dom0.daemon;
  }

  get model(): StoreModel {
    return this.#dom0.model;
  }

  get quiet(): Quiet {
    return { world: this, dom0: this.#dom0, truth: this.#truth };
  }

  get steps(): number {
    return this.history.steps;
  }

  get counts(): Map<string, number> {
    return this.history.counts;
  }

  /** Takes so many steps, then waits until all is quiet and looks at everything. @throws Broken */
  run(steps: number): void {
    const end = this.steps + steps;
    this.#cpus.calm = this.random.pick([1, 10, 20, 30]);
    this.#pace = this.random.pick([0, 2, 12, 30]);
    for (let taken = 0; this.steps < end; taken += 1) {
      this.#step();
      // What a storm loses, its next change hides: its table is looked at often.
      if (this.#cpus.isStorm && taken % SQUALL === 0) this.#lull();
    }
    this.#quiesce();
  }

  #step(): void {
    this.history.steps += 1;
    const what = this.#cpus.isStorm && this.random.oneIn(3) ? 0 : this.random.below(100);
    if (what < 18) this.#cpus.step();
    else
      this.#enter(() => {
        if (what < 28) this.#deliver();
        else if (what < 38) this.#doTask();
        else if (what < 48) this.#stepSocket(this.random.below(this.#dom0.sockets.length));
        else if (what < 57) this.#stepSocket(this.#dom0.sockets.length - 1);
        else if (what < 94) this.#stepGuest();
        else if (what < 98) this.#passTime();
        else if (what < 99) this.#hostileCall();
        else if (this.random.oneIn(30)) this.#fault();
      });
  }

  /** Something that may enter the daemon. What it has dropped meanwhile may be missed. */
  #enter(work: () => void): void {
    this.entry += 1;
    try {
      work();
    } catch (error) {
      orCrash(error);
    }
    if (this.#isKilled) this.#startDaemon();
    const { eventsDropped, eventsTimedOut } = this.daemon.counters;
    if (eventsDropped > this.#dropped) {
      this.history.count("events dropped for want of room", eventsDropped - this.#dropped);
      for (const session of this.#dom0.sessions()) session.ledger.excuseEntry(this.entry);
    }
    if (eventsTimedOut > this.#timedOut) {
      this.history.count("events timed out", eventsTimedOut - this.#timedOut);
      const due = this.clock.now() - EVENT_TIMEOUT;
      for (const { session } of this.#dom0.rings.served) session?.ledger.excuseSince(due);
    }
    this.#dropped = eventsDropped;
    this.#timedOut = eventsTimedOut;
    const { ended, met } = this.#dom0;
    for (const domid of met) assertNoInheritance(this.quiet, inheritedBy(this.quiet, domid));
    met.clear();
    for (const [domid, id] of ended) {
      if (this.#truth.get(id)?.ended !== true) continue;
      ended.delete(domid);
      const { quiet } = this;
      assertNoInheritance(quiet, belongingsOf(quiet, domid, id));
    }
  }

  #deliver(): void {
    const flushes = this.#flushes;
    if (flushes.length === 0) return;
    this.#flushes = [];
    this.#cpus.delivered();
    this.history.note("events delivered", flushes.length);
    for (const flush of flushes) flush();
  }

  #doTask(): void {
    const { tasks } = this.#dom0.rings;
    const [task] = tasks.splice(this.random.below(Math.max(1, tasks.length)), 1);
    if (task !== undefined) this.history.note("daemon", "serves a ring");
    task?.();
  }

  #stepSocket(at: number): void {
    const link = this.#dom0.sockets[at];
    if (link?.isClosed) this.#dom0.connect(at);
    else link?.session?.step();
  }

  #stepGuest(): void {
    const guests = [...this.#dom0.rings.served];
    if (guests.length > 0) this.random.pick(guests).step();
  }

  #passTime(): void {
    const long = this.random.oneIn(100);
    const ms = this.random.below(long ? 2 * EVENT_TIMEOUT : 1 + this.#pace);
    this.history.note("time", ms);
    this.clock.advance(ms);
    if (!this.random.oneIn(8)) return;
    for (const { domid } of this.#dom0.rings.served) {
      const held = this.daemon.usage(domid)?.held;
      if (held !== undefined) this.history.count(`guests held by ${held}`);
    }
  }

  /** Whatever a guest sends, it is refused, and nothing changes. */
  #hostileCall(): void {
    const { random, host, history } = this;
    const domid = 1 + random.below(LAST_DOMID);
    if (host.domain(domid)?.state !== STATE.exist) return;
    const bytes = new Uint8Array(DOMCTL_SIZE);
    const view = new DataView(bytes.buffer);
    const marks = host.changedCount;
    view.setUint32(0, random.pick([DOMCTL.getDomainState, DOMCTL.destroydomain, 1, 66]), true);
    view.setUint32(4, random.pick([0, 0x18]), true);
    view.setUint16(8, random.pick([0x7ff4, 0, 1, 2, 3]), true);
    const rc = host.hypercall(domid, HYPERVISOR.domctl, bytes);
    if (rc >= 0 || host.changedCount !== marks) throw new Broken("a guest was answered");
    history.count("hostile hypercalls");
  }

  #fault(): void {
    const fault = this.random.below(7);
    if (fault === 0) this.#crash();
    else if (fault === 1) {
      this.#note("resyncs");
      this.#dom0.tracker.resync();
    } else if (fault === 2) this.#cutSocket();
    else if (fault === 3) this.#moveHandler();
    else this.#sleepSocket();
  }

  #note(what: string): void {
    this.history.count(what);
    this.history.note("fault", what);
  }

  #cutSocket(): void {
    const { sockets } = this.#dom0;
    const at = this.random.below(sockets.length);
    const link = sockets[at];
    this.#note("sockets cut");
    if (link?.session?.isBetweenMessages === false) this.history.count("sockets cut in a message");
    link?.cut();
    this.#dom0.connect(at);
  }

  #sleepSocket(): void {
    this.#note("sockets that are not read");
    const link = this.random.pick(this.#dom0.sockets);
    link.sleep(this.random.below(6000));
  }

  /** Another domain handles the VIRQ for a while. */
  #moveHandler(): void {
    const other = this.host.domains().find(({ domid, state }) => domid !== 0 && state === 1);
    if (other === undefined) return;
    this.#note("handler moved and moved back");
    this.#dom0.tracker.stop();
    this.host.setVirqHandler(other.domid);
    for (let steps = this.random.below(20); steps > 0; steps -= 1) this.#cpus.step();
    this.host.setVirqHandler(0);
    this.#dom0.tracker.start();
  }

  #crash(): void {
    this.#note("daemon crashes");
    this.#dom0.countRefusals();
    this.#dom0.kill();
    this.#isKilled = true;
    for (let steps = this.random.below(20); steps > 0; steps -= 1) this.#cpus.step();
  }

  /** It may be killed before it has begun. */
  #startDaemon(): void {
    do {
      this.#isKilled = false;
      this.speaker = undefined;
      this.#dropped = 0;
      this.#timedOut = 0;
      try {
        this.#dom0.start();
        if (this.random.oneIn(2)) this.#dom0.adopt();
      } catch (error) {
        orCrash(error);
      }
    } while (this.#isKilled);
  }

  /** Between two steps of the tracker's hypercalls, the other CPUs go on. */
  #hypercall(op: number, buffer: Uint8Array): number {
    const call = this.host.begin(0, op, buffer);
    while (call.next !== undefined) {
      if (!this.#isBusy) {
        this.#isBusy = true;
        // At times so many that a domain ends, and another has its domid.
        const most = this.#cpus.isStorm && this.random.oneIn(6) ? 80 : 4;
        for (let steps = this.random.below(most); steps > 0; steps -= 1) {
          this.history.steps += 1;
          this.#cpus.step();
        }
        this.#isBusy = false;
      }
      this.history.steps += 1;
      call.step();
    }
    // The very first start is not disturbed.
    const isKillable = !this.#isBusy && !this.#isKilled && this.steps > 1000;
    if (isKillable && this.random.oneIn(800)) {
      this.history.count("daemon crashes between two hypercalls");
      this.#crash();
      throw new Crash();
    }
    return call.result;
  }

  observe(): void {
    assertHolds(this.#truth.observe(this.host.domains()));
  }

  /** No CPU is within a hypercall, no event under way: the tracker must know everything. */
  #lull(): void {
    this.#cpus.finish();
    // Until here and no further: nobody begins anything.
    this.#isBusy = true;
    this.#enter(() => {
      while (this.#flushes.length > 0) this.#deliver();
      // The hypervisor marks nothing when it lets a domain run again.
      for (const domid of this.#dom0.toolstack.resumed) this.#dom0.tracker.refresh(domid);
      this.#dom0.toolstack.resumed.clear();
      while (this.#flushes.length > 0) this.#deliver();
    });
    assertTable(this.quiet);
    this.#isBusy = false;
  }

  #quiesce(): void {
    this.#lull();
    this.#isBusy = true;
    // Twice: the last of a round may still tell the first of something.
    for (let over = 0, round = 0; over < 2; round += 1) {
      over = this.#settle() ? over + 1 : 0;
      if (round === PATIENCE) throw new Broken(this.#unsettled());
    }
    assertQuiet(this.quiet);
    this.#dom0.countRefusals();
    this.#isBusy = false;
    this.history.count("times that all was quiet");
  }

  /** @returns Whether nothing is under way any more. */
  #settle(): boolean {
    this.history.steps += 1;
    const { rings, sockets } = this.#dom0;
    let isOver = true;
    this.#enter(() => {
      while (this.#flushes.length > 0) this.#deliver();
      while (rings.tasks.length > 0) this.#doTask();
      for (const [at, link] of sockets.entries()) {
        link.wake();
        if (link.isClosed) this.#dom0.connect(at);
        else if (link.session?.settle() !== true) isOver = false;
      }
      for (const guest of rings.served) {
        if (guest.isExpected && !guest.settle() && !this.#isStuck(guest.domid)) isOver = false;
      }
      this.clock.advance(10);
    });
    return isOver && this.#flushes.length === 0 && rings.tasks.length === 0 && this.#isCalm();
  }

  /** It has more memory than it may, and so is not read: until it is given more, or ends. */
  #isStuck(domid: number): boolean {
    const usage = this.daemon.usage(domid);
    const { used = 0, limit = 0 } = usage?.quotas.memory ?? {};
    return usage?.held === "memory" && used > limit;
  }

  /** Nobody's requests wait for what others have not read. */
  #isCalm(): boolean {
    for (const guest of this.#dom0.rings.served) {
      if (!guest.isExpected || this.#isStuck(guest.domid)) continue;
      const { used = 0 } = this.daemon.usage(guest.domid)?.quotas.outstanding ?? {};
      if (used > halfTold(this.#dom0)) return false;
    }
    return true;
  }

  #unsettled(): string {
    const waiting = [...this.#dom0.sessions()].map(({ caller: { domid }, waiting }) => {
      return `domain ${domid}: ${waiting}, held by ${this.daemon.usage(domid)?.held}`;
    });
    return `liveness: never quiet: ${waiting.join("; ")}`;
  }
}
