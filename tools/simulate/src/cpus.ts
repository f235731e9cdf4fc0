import { ERRNO } from "@xenkit/abi";
import { beginCommand, parseCommand } from "@xenkit/explore";
import type { Call } from "@xenkit/hypervisor";
import { LAST_DOMID } from "./request-mix.ts";
import type { World } from "./world.ts";

const CPUS = 3;
/** What they do when domains come and go all the time, and when they stay. */
const STORM = ["create", "create", "create", "create", "shutdown", "destroy", "destroy"] as const;
const CALM = [...new Array<"create">(30).fill("create"), "shutdown", "destroy", "destroy"] as const;
/** Steps after which somebody may be there, be gone, or be another. */
const TELLING = new Set(["link", "unlink", "die", "complete-shutdown"]);

/** CPUs on which a toolstack makes its hypercalls, one atomic step at a time. */
export class Cpus {
  /** An idle CPU begins something once in so many steps; 1 is a storm. */
  calm = 1;
  readonly #world: World;
  readonly #calls: (Call | undefined)[] = new Array<Call | undefined>(CPUS).fill(undefined);
  /** VIRQs that were raised since events were delivered. */
  #raised = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Domains come and go all the time. */
  get isStorm(): boolean {
    return this.calm === 1;
  }

  delivered(): void {
    this.#raised = 0;
  }

  step(): void {
    const { random, history } = this.#world;
    const cpu = random.below(CPUS);
    const call = this.#calls[cpu];
    if (call === undefined) {
      if (random.oneIn(this.calm)) this.#calls[cpu] = this.#begin();
      return;
    }
    const step = call.next;
    call.step();
    history.note(`cpu ${cpu}`, step ?? "nothing");
    if (step === "raise") {
      if (this.#raised > 0) history.count("VIRQs merged");
      this.#raised += 1;
    }
    if (step !== undefined && TELLING.has(step)) this.#world.observe();
    if (call.next === undefined) this.#calls[cpu] = undefined;
  }

  /** Brings all that is under way to its end. */
  finish(): void {
    for (const call of this.#calls) while (call?.next !== undefined) call.step();
    this.#calls.fill(undefined);
    this.#world.observe();
  }

  #begin(): Call | undefined {
    const { history, random, host } = this.#world;
    const domid = 1 + random.below(LAST_DOMID);
    const verb = random.pick(this.isStorm ? STORM : CALM);
    history.count(verb);
    history.note(verb, domid);
    const call = beginCommand(host, parseCommand(`${verb} ${domid}`));
    if (call.result === -ERRNO.ENOMEM) history.count("creations refused: no room");
    else if (call.result < 0) history.count(`${verb} refused`);
    return call.next === undefined ? undefined : call;
  }
}
