import { type Domain, dumpReference } from "./domain.ts";
import type { Machine } from "./machine.ts";
import type { Mapping } from "./mappings.ts";
import type { Port } from "./port-table.ts";

/** The atomic effects of the operations that have more than one: between two, other CPUs act. */
export type StepName =
  | "link"
  | "mark"
  | "raise"
  | "begin-shutdown"
  | "complete-shutdown"
  | "signal-suspended"
  | "begin-dying"
  | "start-recording"
  | "take-port"
  | "stop-recording"
  | "close-port"
  | "give-up-virqs"
  | "unmap"
  | "give-up-target"
  | "tear-down"
  | "die"
  | "unlink"
  | "free-domid"
  | "take-mark"
  | "put-mark-back"
  | "find-mark"
  | "look-up"
  | "clear-mark"
  | "answer";

/** One kind of step: its name, and the one atomic effect that it has. */
export interface StepKind {
  readonly name: StepName;
  readonly run: (machine: Machine, step: Step, operation: Operation) => void;
}

/** One step that is still to come. */
export interface Step {
  readonly kind: StepKind;
  readonly domid: number;
  /** The domain that it is about, which may have lost its domid meanwhile. */
  readonly domain: Domain | undefined;
  readonly port: Port | undefined;
  readonly mapping: Mapping | undefined;
  /** What else there is to know: a reason, a VIRQ and vCPU. */
  readonly value: number;
}

/** A step about a domid. */
export const aboutDomid = (kind: StepKind, domid: number): Step => ({
  kind,
  domid,
  domain: undefined,
  port: undefined,
  mapping: undefined,
  value: 0,
});

/** A step about a domain. */
export const about = (kind: StepKind, domain: Domain, value = 0): Step => ({
  kind,
  domid: domain.domid,
  domain,
  port: undefined,
  mapping: undefined,
  value,
});

/** A step about a port of a domain. */
export const aboutPort = (kind: StepKind, domain: Domain, port: Port): Step => ({
  kind,
  domid: domain.domid,
  domain,
  port,
  mapping: undefined,
  value: 0,
});

/** A step about a mapping that a domain made. */
export const aboutMapping = (kind: StepKind, mapping: Mapping): Step => ({
  kind,
  domid: mapping.mapper.domid,
  domain: mapping.mapper,
  port: undefined,
  mapping,
  value: 0,
});

/**
 * An operation under way: the steps that are still to come and its result so far. A step may plan
 * others, before all that was planned already.
 */
export class Operation {
  /** The step that comes next is the last one. */
  readonly #todo: Step[] = [];
  readonly #machine: Machine;
  /** 0, −errno, or what the operation returns. */
  result = 0;
  /** Makes of the result what the hypercall returns, once there are no more steps. */
  reply: ((result: number) => number) | undefined = undefined;

  /** @param first - The step that it begins with; left out: planned later. */
  constructor(machine: Machine, first?: Step) {
    this.#machine = machine;
    if (first !== undefined) this.#todo.push(first);
  }

  /** The step that comes next; undefined when it is over. */
  get next(): StepName | undefined {
    return this.#todo.at(-1)?.kind.name;
  }

  /** Plans a step, and after it another one. */
  plan(step: Step, second?: Step): void {
    if (second !== undefined) this.#todo.push(second);
    this.#todo.push(step);
  }

  /** Takes one step. @returns Whether there are more. */
  step(): boolean {
    const step = this.#todo.pop();
    if (step !== undefined) step.kind.run(this.#machine, step, this);
    if (this.#todo.length > 0) return true;
    if (this.reply !== undefined) this.result = this.reply(this.result);
    this.reply = undefined;
    return false;
  }

  /** All that tells it from another operation under way, as plain data. */
  dump(): unknown[] {
    return [
      this.result,
      ...this.#todo.map(({ kind, domid, domain, port, mapping, value }) => [
        kind.name,
        domid,
        domain && dumpReference(domain),
        port?.number,
        mapping?.handle,
        value,
      ]),
    ];
  }
}

/**
 * Takes all steps of an operation, one after the other; or none, when the hypercall is one that is
 * carried out step by step: then the operation waits where its maker finds it.
 *
 * @returns The result; 0 when it is not known yet.
 */
export const perform = (machine: Machine, operation: Operation): number => {
  if (machine.byStep && operation.next !== undefined) {
    machine.begun = operation;
    return 0;
  }
  while (operation.step());
  return operation.result;
};
