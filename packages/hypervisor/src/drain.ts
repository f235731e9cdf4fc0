import { ERRNO, VIRQ } from "@xenkit/abi";
import { type Domain, dumpReference, stateOf } from "./domain.ts";
import { handlerOf, type Machine } from "./machine.ts";
import type { StepName } from "./operation.ts";

// Constants of other modules, kept in this one: on the hot path each use of an import costs a
// nanosecond or so.
const DOM_EXC = VIRQ.domExc;
const { ENOENT, EACCES } = ERRNO;

// Where the fields are, in words of the buffer. `domain` and `state` are the lower halves of
// theirs.
const DOMAIN_AT = 2;
const STATE_AND_CAPS_AT = 4;
const ID_LOW_AT = 6;
const ID_HIGH_AT = 7;

/** The pads and the rest of the union stay as they were sent: `pad0` is 0, or it would be EINVAL. */
export const answer = (words: Int32Array, domid: number, domain: Domain | undefined): void => {
  words[DOMAIN_AT] = ((words[DOMAIN_AT] as number) & ~0xffff) | domid;
  if (domain === undefined) {
    words[STATE_AND_CAPS_AT] = 0;
    words[ID_LOW_AT] = 0;
    words[ID_HIGH_AT] = 0;
  } else {
    words[STATE_AND_CAPS_AT] = stateOf(domain) | (domain.caps << 16);
    words[ID_LOW_AT] = domain.idLow;
    words[ID_HIGH_AT] = domain.idHigh;
  }
};

// The steps, as numbers. Clear-first, the safe order: 1 2 3 (4 8 2 when the caller may not see
// the domain). A change after the clear leaves a mark of its own, so the answer can be early but never
// the last. Lookup-first, Xen's order: 5 6 7 3. What is created between the look-up and the clear
// is told as gone, and its mark is lost.
const OVER = 0;
const TAKE_MARK = 1;
const LOOK_UP = 2;
const ANSWER = 3;
const PUT_MARK_BACK = 4;
const FIND_MARK = 5;
const LOOK_UP_FIRST = 6;
const CLEAR_MARK = 7;
const TAKE_MARK_ABOVE = 8;

const NAMES: readonly (StepName | undefined)[] = [
  undefined,
  "take-mark",
  "look-up",
  "answer",
  "put-mark-back",
  "find-mark",
  "look-up",
  "clear-mark",
  "take-mark",
];

/** What one call for the next changed domain knows between its steps. */
export interface Registers {
  /** Where the search for a mark goes on. */
  from: number;
  domid: number;
  domain: Domain | undefined;
  result: number;
}

export const newRegisters = (): Registers => ({ from: 0, domid: 0, domain: undefined, result: 0 });

/** @returns The number of the first step. */
const begin = (machine: Machine, registers: Registers): number => {
  registers.from = 0;
  return machine.drainOrder === "clear-first" ? TAKE_MARK : FIND_MARK;
};

const end = (registers: Registers, result: number): number => {
  registers.result = result;
  return OVER;
};

/**
 * One atomic step: the look for the handler, for the mark, and its clearing.
 *
 * @returns The domid, or −errno.
 */
const takeLowestMark = (machine: Machine, caller: Domain): number => {
  if (handlerOf(machine, DOM_EXC) !== caller) return -EACCES;
  const { changed } = machine;
  if (changed === undefined) return -ENOENT;
  const domid = changed.takeLowest();
  return domid === -1 ? -ENOENT : domid;
};

const takeMark = (machine: Machine, registers: Registers, caller: Domain): number => {
  const domid = takeLowestMark(machine, caller);
  registers.domid = domid;
  return domid < 0 ? end(registers, domid) : LOOK_UP;
};

/** The same, above a domid that is not for this caller. */
const takeMarkAbove = (machine: Machine, registers: Registers, caller: Domain): number => {
  const at = findMark(machine, registers, caller);
  if (at === OVER) return OVER;
  machine.changed?.clear(registers.domid);
  return LOOK_UP;
};

/** Who is gone is everybody's to know. */
const mayKnow = (machine: Machine, caller: Domain, domain: Domain | undefined): boolean =>
  domain === undefined || machine.policy(caller, "get_domain_state", domain);

const lookUp = (machine: Machine, registers: Registers, caller: Domain): number => {
  const { domid } = registers;
  const domain = machine.table.find(domid);
  const may = mayKnow(machine, caller, domain);
  // After the policy, which may have made hypercalls of its own.
  registers.domid = domid;
  registers.domain = domain;
  return may ? ANSWER : PUT_MARK_BACK;
};

const findMark = (machine: Machine, registers: Registers, caller: Domain): number => {
  if (handlerOf(machine, DOM_EXC) !== caller) return end(registers, -EACCES);
  registers.domid = machine.changed?.nextSet(registers.from) ?? -1;
  return registers.domid === -1 ? end(registers, -ENOENT) : LOOK_UP_FIRST;
};

const giveAnswer = (registers: Registers, words: Int32Array): number => {
  answer(words, registers.domid, registers.domain);
  return end(registers, 0);
};

/** The steps that only a policy with exceptions or Xen's order has. */
const rareStep = (machine: Machine, registers: Registers, caller: Domain, at: number): number => {
  switch (at) {
    case PUT_MARK_BACK:
      // Not for this caller: the mark stays for another.
      machine.changed?.set(registers.domid);
      registers.from = registers.domid + 1;
      return TAKE_MARK_ABOVE;
    case TAKE_MARK_ABOVE:
      return takeMarkAbove(machine, registers, caller);
    case FIND_MARK:
      return findMark(machine, registers, caller);
    case LOOK_UP_FIRST:
      registers.from = registers.domid + 1;
      return lookUp(machine, registers, caller) === ANSWER ? CLEAR_MARK : FIND_MARK;
    default:
      // Another drain may have taken it meanwhile.
      return machine.changed?.testAndClear(registers.domid) === true ? ANSWER : FIND_MARK;
  }
};

/**
 * Takes one step.
 *
 * @param words - The caller's buffer; written in the last step, if there is an answer.
 * @param at - The number of the step.
 * @returns The number of the next one; 0 when it is over.
 */
const takeStep = (
  machine: Machine,
  registers: Registers,
  caller: Domain,
  words: Int32Array,
  at: number,
): number => {
  if (at === TAKE_MARK) return takeMark(machine, registers, caller);
  if (at === LOOK_UP) return lookUp(machine, registers, caller);
  if (at === ANSWER) return giveAnswer(registers, words);
  return rareStep(machine, registers, caller, at);
};

/** Takes all steps of a drain. Allocates nothing. @returns 0 or −errno. */
export const drainStraight = (machine: Machine, caller: Domain, words: Int32Array): number => {
  const registers = machine.drain;
  let at = begin(machine, registers);
  if (at === TAKE_MARK) {
    // The way that most drains go, of the same steps, but without registers: keeping a domain there
    // costs a write barrier of the garbage collector.
    const domid = takeLowestMark(machine, caller);
    if (domid < 0) return domid;
    const domain = machine.table.find(domid);
    if (mayKnow(machine, caller, domain)) {
      answer(words, domid, domain);
      return 0;
    }
    registers.domid = domid;
    at = PUT_MARK_BACK;
  }
  while (at !== OVER) at = takeStep(machine, registers, caller, words, at);
  return registers.result;
};

/** A drain that is carried out step by step. */
export class DrainUnderWay {
  readonly #registers = newRegisters();
  readonly #machine: Machine;
  readonly #caller: Domain;
  readonly #words: Int32Array;
  #at: number;

  constructor(machine: Machine, caller: Domain, words: Int32Array) {
    this.#machine = machine;
    this.#caller = caller;
    this.#words = words;
    this.#at = begin(machine, this.#registers);
  }

  get result(): number {
    return this.#registers.result;
  }

  /** The step that comes next; undefined when it is over. */
  get next(): StepName | undefined {
    return NAMES[this.#at];
  }

  /** Takes one step. @returns Whether there are more. */
  step(): boolean {
    const at = takeStep(this.#machine, this.#registers, this.#caller, this.#words, this.#at);
    this.#at = at;
    return this.#at !== OVER;
  }

  /** All that tells it from another drain under way, as plain data. */
  dump(): unknown[] {
    const { from, domid, domain } = this.#registers;
    switch (this.#at) {
      case TAKE_MARK:
      case TAKE_MARK_ABOVE:
      case FIND_MARK:
        return [this.#at, from];
      case ANSWER:
      case CLEAR_MARK:
        return [this.#at, domid, domain && dumpReference(domain)];
      default:
        return [this.#at, domid];
    }
  }
}
