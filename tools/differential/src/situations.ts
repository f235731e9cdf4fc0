import { MESSAGE } from "@xenkit/xenstore-wire";
import type { Reference } from "./reference.ts";
import { DOMAINS, type Place, type PlannedRequest, type Step } from "./step.ts";

/** What happened to domains so far, as the steps tell it. */
export class DomainHistory {
  readonly #exists = new Set<number>(DOMAINS);
  /** Shut down or dead. */
  readonly #ended = new Set<number>();
  readonly #targets = new Set<number>();
  /** Domids that were released, or whose domain ended. */
  readonly over: Set<number> = new Set();

  /**
   * Takes a step, and tells which of {@link SITUATIONS} it makes.
   *
   * @param introduced - The domains that were introduced before.
   */
  take(step: Step, introduced: readonly number[]): SituationName[] {
    if (step.do === "ask") {
      const known = new Set(introduced);
      return step.requests.flatMap((request) => this.#ask(step.on, request, known) ?? []);
    }
    if (!("domid" in step)) return [];
    const { domid } = step;
    if (this.#exists.has(domid) !== (step.do !== "create")) return [];
    if (step.do === "create") this.#exists.add(domid);
    else if (step.do === "destroy") {
      this.#exists.delete(domid);
      this.#ended.delete(domid);
    } else this.#ended.add(domid);
    if (step.do === "die" || step.do === "destroy") {
      this.over.add(domid);
      if (this.#targets.has(domid)) return ["target-ends"];
    }
    return [];
  }

  #ask(
    place: Place,
    { type, tx, payload }: PlannedRequest,
    introduced: Set<number>,
  ): SituationName | undefined {
    const domid = Number.parseInt(payload, 10);
    if (place.startsWith("g")) return undefined;
    if (type === MESSAGE.introduce && this.#ended.has(domid)) return "late-introduction";
    if (type === MESSAGE.introduce && introduced.has(domid)) return "second-introduction";
    if (type === MESSAGE.introduce) introduced.add(domid);
    if (type === MESSAGE.resume && this.#ended.has(domid)) return "early-resume";
    if (type === MESSAGE.release) {
      this.over.add(domid);
      if (this.#targets.has(domid)) return "target-ends";
      if (tx !== 0) return "release-in-transaction";
    }
    if (type === MESSAGE.setPerms && /^\/\0.[1-9]/.test(payload)) return "root-given-away";
    if (type === MESSAGE.setPerms && /^\/\0(.*\0)?[rb]/s.test(payload)) return "root-readable";
    if (type === MESSAGE.setTarget)
      this.#targets.add(Number.parseInt(payload.split("\0")[1] ?? "", 10));
    return undefined;
  }
}

export type SituationName =
  | "late-introduction"
  | "second-introduction"
  | "release-in-transaction"
  | "early-resume"
  | "root-readable"
  | "root-given-away"
  | "target-ends";

/** A situation, and whose behaviour makes it one. */
export interface Situation {
  readonly of: readonly Reference[];
  readonly why: string;
}

/** These make the stores differ: a sequence ends before. */
export const SITUATIONS: Readonly<Record<SituationName, Situation>> = {
  "late-introduction": {
    of: ["c", "ocaml"],
    why: "a domain that has shut down or is dead is introduced: 4.17 asks about every domain at every VIRQ and notices, its successors and ours have been told before",
  },
  "second-introduction": {
    of: ["ocaml"],
    why: "a domain is introduced again: oxenstored goes on with the connection, others begin anew",
  },
  "release-in-transaction": {
    of: ["ocaml"],
    why: "RELEASE in a transaction: oxenstored removes the nodes of the domain there only",
  },
  "early-resume": {
    of: ["c", "ocaml"],
    why: "RESUME of a domain that has shut down, and that the hypervisor still calls so: 4.17 finds it shut down again at the next VIRQ, ours is told of changes only",
  },
  "root-readable": {
    of: ["c", "ocaml"],
    why: "guests may read the root: special nodes are below it since 4.18, so they hear of domains, too",
  },
  "root-given-away": {
    of: ["c", "ocaml"],
    why: "the root of the tree is given to a guest: when that ends, 4.17 has no root",
  },
  "target-ends": {
    of: ["c", "ocaml"],
    why: "the target of another domain ends: 4.17 keeps it as long as that one lives, ours releases it",
  },
};
