import { DOMCTL, DOMCTL_SIZE, HYPERVISOR } from "@xenkit/abi";
import { beginCommand, noLostChange, parseCommand, Reports, Truth } from "@xenkit/explore";
import {
  type Call,
  createHypervisor,
  type Hypervisor,
  type HypervisorOptions,
} from "@xenkit/hypervisor";
import { DomainTracker, openXenmanage } from "@xenkit/xenmanage";
import { createStoreDaemon, followTracker, trackedDomains } from "@xenkit/xenstored";
import { Broken, Client, type Shared } from "./client.ts";
import { type Random, randomOf } from "./random.ts";
import { StoreModel } from "./store-model.ts";

const LAST_DOMID = 6;
const CPUS = 3;
const CLIENTS = 4;

/** A whole host, whose every order of events follows from one number. */
export class Simulation {
  readonly #random: Random;
  readonly #host: Hypervisor;
  readonly #cpus: (Call | undefined)[] = new Array<Call | undefined>(CPUS).fill(undefined);
  readonly #truth = new Truth();
  #flushes: (() => void)[] = [];
  #reports = new Reports();
  #tracker!: DomainTracker;
  #shared!: Shared;
  #isBusy = false;
  /** How many steps were taken: of hypercalls, events, messages. */
  steps = 0;
  /** What was done, by name. */
  readonly counts: Map<string, number> = new Map();

  /** @param switches - Known bugs of the hypervisor, to see that they are found. */
  constructor(seed: number, switches: Pick<HypervisorOptions, "drainOrder" | "noticeOrder"> = {}) {
    this.#random = randomOf(seed);
    this.#host = createHypervisor({
      ...switches,
      teardownSteps: 2,
      limits: { domains: 6, eventPorts: 4 },
      deliver: (flush) => this.#flushes.push(flush),
      onListenerError: (error) => {
        throw error;
      },
    });
    this.#observe();
    this.#startDaemon();
  }

  /** Takes so many steps, then waits until all is quiet and looks at everything. @throws Broken */
  run(steps: number): void {
    const end = this.steps + steps;
    while (this.steps < end) this.#step();
    this.#quiesce();
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #step(): void {
    this.steps += 1;
    const what = this.#random.below(100);
    if (what < 45) this.#stepCpu();
    else if (what < 55) this.#deliver();
    else if (what < 97) this.#stepClient();
    else if (what < 98) this.#hostileGuest();
    else if (this.#random.oneIn(10)) this.#fault();
  }

  #stepCpu(): void {
    const cpu = this.#random.below(CPUS);
    const call = this.#cpus[cpu];
    if (call === undefined) this.#cpus[cpu] = this.#begin();
    else {
      const step = call.next;
      call.step();
      if (step === "link" || step === "unlink" || step === "die" || step === "complete-shutdown") {
        this.#observe();
      }
      if (call.next === undefined) this.#cpus[cpu] = undefined;
    }
  }

  #begin(): Call | undefined {
    const domid = 1 + this.#random.below(LAST_DOMID);
    const verb = this.#random.pick(["create", "create", "shutdown", "destroy", "destroy"]);
    this.#count(verb);
    const call = beginCommand(this.#host, parseCommand(`${verb} ${domid}`));
    if (call.result < 0) this.#count(`${verb} refused`);
    return call.next === undefined ? undefined : call;
  }

  #deliver(): void {
    this.#count("events delivered");
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const flush of flushes) flush();
  }

  #stepClient(): void {
    const { clients } = this.#shared;
    const at = this.#random.below(CLIENTS);
    const client = clients[at] as Client;
    if (client.isClosed) throw new Broken("the daemon closed a client");
    client.step();
  }

  /** Whatever a guest sends, it is refused, and nothing changes. */
  #hostileGuest(): void {
    const guests = this.#host.domains().filter(({ domid, state }) => domid !== 0 && state === 1);
    const [guest] = guests;
    if (guest === undefined) return;
    const bytes = new Uint8Array(DOMCTL_SIZE);
    const view = new DataView(bytes.buffer);
    const marks = this.#host.changedCount;
    view.setUint32(
      0,
      this.#random.pick([DOMCTL.getDomainState, DOMCTL.destroydomain, 1, 66]),
      true,
    );
    view.setUint32(4, this.#random.pick([0, 0x18]), true);
    view.setUint16(8, this.#random.pick([0x7ff4, 0, 1, 2, 3]), true);
    const rc = this.#host.hypercall(guest.domid, HYPERVISOR.domctl, bytes);
    if (rc >= 0 || this.#host.changedCount !== marks) throw new Broken("a guest was answered");
    this.#count("hostile hypercalls");
  }

  #fault(): void {
    const fault = this.#random.below(4);
    if (fault === 0) this.#restartDaemon();
    else if (fault === 1) this.#resync();
    else if (fault === 2) this.#cutClient();
    else this.#moveHandler();
  }

  #resync(): void {
    this.#count("resyncs");
    this.#tracker.resync();
  }

  #cutClient(): void {
    this.#count("sockets cut");
    const { clients } = this.#shared;
    const at = this.#random.below(CLIENTS);
    clients[at]?.cut();
    clients[at] = new Client(this.#shared);
  }

  /** Another domain handles the VIRQ for a while. */
  #moveHandler(): void {
    const other = this.#host.domains().find(({ domid, state }) => domid !== 0 && state === 1);
    if (other === undefined) return;
    this.#count("handler moved");
    this.#tracker.stop();
    this.#host.setVirqHandler(other.domid);
    for (let steps = this.#random.below(20); steps > 0; steps -= 1) this.#stepCpu();
    this.#host.setVirqHandler(0);
    this.#tracker.start();
  }

  #restartDaemon(): void {
    this.#count("daemon crashes");
    this.#tracker.stop();
    for (const client of this.#shared.clients) client.cut();
    for (let steps = this.#random.below(20); steps > 0; steps -= 1) this.#stepCpu();
    this.#startDaemon();
  }

  #startDaemon(): void {
    this.#reports = new Reports();
    const reports = this.#reports;
    const manage = openXenmanage({ hypercall: (op, buffer) => this.#hypercall(op, buffer) });
    this.#tracker = new DomainTracker({
      manage,
      events: this.#host.eventChannels(0),
      onError: (error) => {
        throw error;
      },
    });
    this.#tracker.onChange((change) => {
      this.#count(`told ${change.kind}`);
      this.#check(reports.hear(change, this.#truth));
    });
    const daemon = createStoreDaemon({ domains: trackedDomains(this.#tracker) });
    followTracker(daemon, this.#tracker);
    this.#shared = { daemon, model: new StoreModel(), clients: [], random: this.#random };
    for (let at = 0; at < CLIENTS; at += 1) this.#shared.clients.push(new Client(this.#shared));
    this.#tracker.start();
  }

  /** Between two steps of the tracker's hypercalls, the other CPUs go on. */
  #hypercall(op: number, buffer: Uint8Array): number {
    const call = this.#host.begin(0, op, buffer);
    while (call.next !== undefined) {
      if (!this.#isBusy) {
        this.#isBusy = true;
        for (let steps = this.#random.below(4); steps > 0; steps -= 1) {
          this.steps += 1;
          this.#stepCpu();
        }
        this.#isBusy = false;
      }
      this.steps += 1;
      call.step();
    }
    return call.result;
  }

  #observe(): void {
    this.#check(this.#truth.observe(this.#host.domains()));
  }

  #check(broken: { readonly property: string; readonly seen: string } | undefined): void {
    if (broken !== undefined) throw new Broken(`${broken.property}: ${broken.seen}`);
  }

  #quiesce(): void {
    for (const call of this.#cpus) while (call?.next !== undefined) call.step();
    this.#cpus.fill(undefined);
    this.#observe();
    // From here on nobody begins anything.
    this.#isBusy = true;
    while (this.#flushes.length > 0) this.#deliver();
    this.#isBusy = false;
    const { changed } = this.#host.dump();
    this.#check(this.#reports.atRest(this.#truth));
    this.#check(
      noLostChange(this.#tracker.snapshot(), this.#host.domains(), (domid) =>
        (changed ?? []).includes(domid),
      ),
    );
    this.#checkStore();
  }

  #checkStore(): void {
    const { clients, daemon, model } = this.#shared;
    for (const client of clients) client.finish();
    for (const client of clients) client.read();
    for (const { watches } of clients) {
      for (const { path, token, owed } of watches) {
        if (owed.size > 0) throw new Broken(`the watch ${token} on ${path} missed ${[...owed]}`);
      }
    }
    const { watches, transactions, connections } = daemon.counts;
    const set = clients.reduce((sum, client) => sum + client.watches.length, 0);
    if (watches !== set || transactions !== 0 || connections !== CLIENTS) {
      throw new Broken(`counts: ${watches} watches for ${set}, ${transactions}, ${connections}`);
    }
    const { nodes } = daemon.counts;
    if (this.#emptyNodes === undefined) this.#emptyNodes = nodes - model.nodes.size;
    if (nodes - model.nodes.size !== this.#emptyNodes) {
      throw new Broken(`${nodes} nodes, and ${model.nodes.size} in the model`);
    }
  }
  #emptyNodes: number | undefined;
}
