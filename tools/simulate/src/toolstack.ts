import { STATE } from "@xenkit/abi";
import { MESSAGE } from "@xenkit/xenstore-wire";
import { Guest } from "./guest.ts";
import { anyRequest, LAST_DOMID } from "./request-mix.ts";
import type { Rings } from "./rings.ts";
import type { Session } from "./session.ts";
import type { World } from "./world.ts";

const GRANTED = ["/t/a", "/t/b", "/t/c", "/t/a/a", "/t/b/a"] as const;

/** What a toolstack asks the daemon for, and does itself: guests get rings, homes, limits; are introduced, released. */
export class Toolstack {
  readonly #world: World;
  readonly #rings: Rings;
  /** Domains that were let run again: the hypervisor marks nothing then. */
  readonly resumed: Set<number> = new Set();
  /** The daemon has found a change of this domain while it answers its RESUME. */
  changedInResume: number | undefined;

  /** What it does next: the rest of what belongs together. */
  readonly #todo: (() => void)[] = [];

  constructor(world: World, rings: Rings) {
    this.#world = world;
    this.#rings = rings;
  }

  /** A new connection to the daemon begins anew. */
  forget(): void {
    this.#todo.length = 0;
  }

  /** Makes the next request, or does what needs none. */
  readonly request = (session: Session): void => {
    const next = this.#todo.shift();
    if (next !== undefined) {
      next();
      return;
    }
    const { random, host } = this.#world;
    const domid = 1 + random.below(LAST_DOMID);
    const domain = host.domain(domid);
    const guest = this.#rings.guests.get(domid);
    const home = `/local/domain/${domid}`;
    if (domain?.state === STATE.exist && guest?.id !== domain.uniqueId && random.oneIn(2)) {
      this.#build(domid, domain.uniqueId);
    } else if (domain?.state === STATE.shutdown + STATE.exist && random.oneIn(2)) {
      this.#resume(session, domid);
    } else if (guest?.isRunning === true && guest.connection === undefined && random.oneIn(2)) {
      const port = random.oneIn(8) ? 1 + random.below(9) : guest.link.port;
      session.tree({ kind: "write", path: `${home}/name`, value: "guest" });
      this.#todo.push(
        () => session.tree({ kind: "setPerms", path: home, value: `n${domid}` }),
        () => this.#introduce(session, domid, port),
      );
    } else if (random.oneIn(30)) this.#introduce(session, domid);
    else this.#other(session, domid, home);
  };

  #other(session: Session, domid: number, home: string): void {
    const { random } = this.#world;
    const kind = random.below(16);
    if (kind < 4) session.tree({ kind: "setPerms", path: home, value: `n${domid}` });
    else if (kind < 6) session.tree({ kind: "write", path: `${home}/name`, value: "guest" });
    else if (kind < 8) {
      const value = `n0 ${random.pick(["r", "b"])}${domid} r${1 + random.below(LAST_DOMID)}`;
      session.tree({ kind: "setPerms", path: random.pick(GRANTED), value });
    } else if (kind < 9) session.tree({ kind: "rm", path: home, value: "" });
    else if (kind < 10) this.#limit(session, domid);
    else if (kind < 11) this.#isIntroduced(session, domid);
    else if (kind === 11 && random.oneIn(8)) this.#release(session, domid);
    else if (kind === 12 && random.oneIn(8)) {
      this.#introduce(session, domid, this.#rings.guests.get(domid)?.link.port);
    } else anyRequest(session);
  }

  /** What the hypervisor has to do with it: the page that is shared, the port to the daemon. */
  #build(domid: number, id: bigint): void {
    const { host, history } = this.#world;
    host.ringPage(domid);
    const port = host.eventChannels(domid).allocUnbound(0);
    this.#rings.guests.set(domid, new Guest(this.#world, domid, id, port));
    history.count("guests built");
  }

  #introduce(session: Session, domid: number, port = 1): void {
    session.send(MESSAGE.introduce, `${domid}\x001\x00${port}\x00`, 0, (told) => {
      const { model, history } = this.#world;
      const domain = model.domains.get(domid);
      history.count(`introductions: ${told}`);
      const isServed = this.#rings.guests.get(domid)?.connection !== undefined;
      if (domain === undefined) model.dropEntries(domid);
      if (domain === undefined || !isServed) return { answer: "EINVAL" };
      if (!domain.introduced) {
        domain.introduced = true;
        model.fireSpecial("@introduceDomain");
      }
      return { answer: "OK" };
    });
  }

  #release(session: Session, domid: number): void {
    session.send(MESSAGE.release, `${domid}\0`, 0, () => {
      const { model } = this.#world;
      const domain = model.domains.get(domid);
      if (domain?.introduced !== true) return { answer: "ENOENT" };
      model.end(domain);
      return { answer: "OK" };
    });
  }

  #resume(session: Session, domid: number): void {
    const { host, history, model } = this.#world;
    host.resumeDomain(domid);
    history.count("domains resumed");
    this.resumed.add(domid);
    session.send(MESSAGE.resume, `${domid}\0`, 0, () => {
      const wasChanged = this.changedInResume === domid;
      this.changedInResume = undefined;
      const domain = model.domains.get(domid);
      if (wasChanged) return { answer: "OK" };
      if (domain?.introduced !== true) return { answer: "ENOENT" };
      domain.shutdownSeen = false;
      return { answer: "OK" };
    });
  }

  #isIntroduced(session: Session, domid: number): void {
    session.send(MESSAGE.isDomainIntroduced, `${domid}\0`, 0, () => {
      const isIntroduced = this.#world.model.domains.get(domid)?.introduced === true;
      return { answer: `=${isIntroduced ? "T" : "F"}\0` };
    });
  }

  /** So little memory that it runs into the limit. */
  #limit(session: Session, domid: number): void {
    const { random } = this.#world;
    const limit = 150 + random.below(500);
    session.send(MESSAGE.setQuota, `${domid}\0memory\0${limit}\0`, 0, (told) => {
      const domain = this.#world.model.domains.get(domid);
      if (domain === undefined) return { answer: "ENOENT" };
      if (told === "OK") domain.quotas.memory = limit;
      return { answer: "OK" };
    });
  }
}
