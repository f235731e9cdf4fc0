import { DOMID, errnoName, STATE, VIRQ } from "@xenkit/abi";
import { createHypervisor, type Hypervisor, isHypervisorError } from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { begin, carryOut, query } from "./calls.ts";
import { operations, perform } from "./random-operations.ts";

/**
 * What the specification says of domains and marks, said once more with sets and maps and nothing
 * else.
 */
class Model {
  domains = new Map<
    number,
    { id: number; down: boolean; life: "alive" | "dying" | "dead"; refs: number; steps: number }
  >([[0, { id: 1, down: false, life: "alive", refs: 0, steps: 0 }]]);
  marks: Set<number> | undefined;
  virqs = 0;
  lastId = 1;
  cursor = 0;

  create(domid: number | undefined, steps: number): number | string {
    let chosen = domid;
    if (chosen === undefined) {
      chosen = this.cursor + 1;
      while (this.domains.has(chosen)) chosen += 1;
      this.cursor = chosen;
    } else if (this.domains.has(chosen)) return "EEXIST";
    this.lastId += 1;
    this.domains.set(chosen, { id: this.lastId, down: false, life: "alive", refs: 0, steps });
    this.marks?.add(chosen);
    return chosen;
  }

  change(domid: number): void {
    if (this.marks === undefined) return;
    this.marks.add(domid);
    this.virqs += 1;
  }

  shutdown(domid: number): string | undefined {
    const domain = this.domains.get(domid);
    if (domain === undefined) return "ESRCH";
    if (!domain.down) {
      domain.down = true;
      this.change(domid);
    }
    return undefined;
  }

  resume(domid: number): string | undefined {
    const domain = this.domains.get(domid);
    if (domain === undefined) return "ESRCH";
    if (domain.life === "alive") domain.down = false;
    return undefined;
  }

  destroyStep(domid: number): boolean | string {
    const domain = this.domains.get(domid);
    if (domain === undefined) return "ESRCH";
    if (domain.life === "dead") return true;
    domain.life = "dying";
    if (domain.steps > 0) {
      domain.steps -= 1;
      return false;
    }
    domain.life = "dead";
    this.change(domid);
    this.#freeIfLast(domid);
    return true;
  }

  hold(domid: number): string | undefined {
    const domain = this.domains.get(domid);
    if (domain === undefined) return "ESRCH";
    domain.refs += 1;
    return undefined;
  }

  release(domid: number): string | undefined {
    const domain = this.domains.get(domid);
    if (domain === undefined) return "ESRCH";
    if (domain.refs === 0) return "EINVAL";
    domain.refs -= 1;
    this.#freeIfLast(domid);
    return undefined;
  }

  #freeIfLast(domid: number): void {
    const domain = this.domains.get(domid);
    if (domain?.life !== "dead" || domain.refs > 0) return;
    this.domains.delete(domid);
    this.change(domid);
  }

  bind(): string | undefined {
    if (this.marks !== undefined) return "EEXIST";
    this.marks = new Set(this.domains.keys());
    return undefined;
  }

  close(): string | undefined {
    if (this.marks === undefined) return "EINVAL";
    this.marks = undefined;
    return undefined;
  }

  next(): unknown {
    if (this.marks === undefined || this.marks.size === 0) return "ENOENT";
    const domid = Math.min(...this.marks);
    this.marks.delete(domid);
    return this.domains.has(domid) ? this.query(domid) : { domid, state: 0, caps: 0, uniqueId: 0n };
  }

  query(domid: number): unknown {
    const domain = this.domains.get(domid);
    if (domain === undefined) return "ESRCH";
    const life = { alive: 0, dying: STATE.dying, dead: STATE.dead }[domain.life];
    return {
      domid,
      state: STATE.exist | (domain.down ? STATE.shutdown : 0) | life,
      caps: domid === 0 ? 3 : 0,
      uniqueId: BigInt(domain.id),
    };
  }
}

/** The emulator with the same operations. */
class Real {
  readonly host: Hypervisor = createHypervisor();
  port = 0;
  virqs = 0;

  create(domid: number | undefined, steps: number): number {
    return this.host.createDomain({
      teardownSteps: steps,
      ...(domid === undefined ? {} : { domid }),
    });
  }

  bind(): void {
    const channels = this.host.eventChannels(0);
    this.port = channels.bindVirq(VIRQ.domExc);
    const { port } = this;
    channels.onPort(port, () => {
      this.virqs += 1;
      channels.clearPending(port);
    });
  }

  next(): unknown {
    return named(query(this.host, 0, DOMID.invalid));
  }

  query(domid: number): unknown {
    return named(query(this.host, 0, domid));
  }
}

const named = (answer: unknown): unknown =>
  typeof answer === "number" ? errnoName(answer) : answer;

const orErrno = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    if (isHypervisorError(error, "errno")) return error.details.name;
    throw error;
  }
};

/** Not dom0: it is shut down once only. */
const domid = fc.integer({ min: 1, max: 5 });
const steps = fc.integer({ min: 0, max: 2 });

type Pair = readonly [(model: Model) => unknown, (real: Real) => unknown];

const operation: fc.Arbitrary<Pair> = fc.oneof(
  steps.map((n): Pair => [(m) => m.create(undefined, n), (r) => r.create(undefined, n)]),
  fc.tuple(domid, steps).map(([d, n]): Pair => [(m) => m.create(d, n), (r) => r.create(d, n)]),
  domid.map((d): Pair => [(m) => m.shutdown(d), (r) => r.host.shutdownDomain(d)]),
  domid.map((d): Pair => [(m) => m.resume(d), (r) => r.host.resumeDomain(d)]),
  domid.map((d): Pair => [(m) => m.destroyStep(d), (r) => r.host.destroyStep(d)]),
  domid.map((d): Pair => [(m) => m.hold(d), (r) => r.host.holdReference(d)]),
  domid.map((d): Pair => [(m) => m.release(d), (r) => r.host.releaseReference(d)]),
  domid.map((d): Pair => [(m) => m.query(d), (r) => r.query(d)]),
  fc.constant<Pair>([(m) => m.bind(), (r) => r.bind()]),
  fc.constant<Pair>([(m) => m.close(), (r) => r.host.eventChannels(0).close(r.port)]),
  fc.constant<Pair>([(m) => m.next(), (r) => r.next()]),
);

describe("the emulator and a model of domains and marks", () => {
  test("agree on every answer, every mark and every VIRQ of any run", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (run) => {
        const model = new Model();
        const real = new Real();
        for (const [expected, actual] of run) {
          expect(orErrno(() => actual(real))).toEqual(expected(model));
          expect(real.host.changedCount).toBe(model.marks?.size);
        }
        // A destruction raises the VIRQ twice in one hypercall: those two are one delivery.
        expect(real.virqs > 0).toBe(model.virqs > 0);
        expect(real.virqs).toBeLessThanOrEqual(model.virqs);
      }),
      { numRuns: 400 },
    );
  });
});

test("a change is marked before the VIRQ tells of it, in every run", () => {
  fc.assert(
    fc.property(operations(40), (run) => {
      const host = createHypervisor();
      for (const each of run) perform(host, each);
      for (const { domid } of host.domains().slice(1)) {
        const shutdown = carryOut(begin.shutdown(host, domid));
        const destroy = carryOut(begin.destroy(host, domid));
        const steps = [...shutdown, ...destroy];
        steps.forEach((step, at) => {
          if (step === "raise") expect(steps[at - 1]).toBe("mark");
        });
        expect(steps.filter((step) => step === "raise").length).toBeGreaterThanOrEqual(
          destroy.filter((step) => step === "die").length,
        );
      }
    }),
  );
});
