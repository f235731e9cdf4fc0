import type { Violation } from "@xenkit/testkit";
import type { DomainChange } from "@xenkit/xenmanage";
import type { Answer, ConsumerState } from "./consumer.ts";
import type { Calls, HostState, Way } from "./hosts.ts";
import type { Numbered } from "./numbering.ts";
import type { Reports, Truth } from "./properties.ts";

/** A CPU of a toolstack or a guest. */
export interface Cpu {
  /** The command that comes next, or is under way. */
  readonly at: number;
  /** Was the change of the call under way marked since its last VIRQ? */
  readonly isMarked: boolean;
}

/** Everything at one moment. Nothing in it changes: a move makes another one. */
export interface World {
  /** How the hypervisor came here. */
  readonly way: Way | undefined;
  readonly host: HostState;
  /** By CPU, the consumer's the last. */
  readonly calls: Calls;
  readonly cpus: readonly Cpu[];
  readonly consumer: ConsumerState;
  /** What the kernel still has to do for a consumer that was killed. */
  readonly killed: "no" | "killed" | "closing";
  /** How many marks were taken since the drain began, and not answered. */
  readonly owed: number;
  /** Its start was refused, and it knows: it follows nothing. */
  readonly isRefused: boolean;
  readonly truth: Numbered<Truth>;
  readonly reports: Numbered<Reports>;
  readonly broken: Violation | undefined;
  /** What the consumer got and told in the last move: for traces. */
  readonly said: { readonly answer: Answer | undefined; readonly told: readonly DomainChange[] };
}

/** A world that is being made. */
export type Draft = { -readonly [Key in keyof World]: World[Key] };

/** The place of the consumer among the calls under way. */
export const consumerProcess = ({ cpus }: World): number => cpus.length;

const KILLED = { no: 0, killed: 1, closing: 2 } as const;
const MOST_OWED = 1_000;
const units: number[] = [];

/**
 * The key of a world: the numbers of its parts, as code units. Each part has its number by its full
 * text, and the search compares whole keys: two worlds are never taken for one by a hash.
 */
export const keyOf = (world: World): string => {
  const { host, calls, cpus, consumer, truth, reports, owed, broken } = world;
  units.length = 0;
  units.push(host.id >>> 16, host.id, consumer.id >>> 16, consumer.id, truth.id, reports.id);
  units.push((owed + MOST_OWED) * 8 + KILLED[world.killed] * 2 + (world.isRefused ? 1 : 0));
  for (let process = 0; process < calls.length; process += 1)
    units.push((calls[process]?.id ?? -1) + 1);
  for (let cpu = 0; cpu < cpus.length; cpu += 1) {
    const { at, isMarked } = cpus[cpu] as Cpu;
    units.push(2 * at + (isMarked ? 1 : 0));
  }
  const key = String.fromCharCode.apply(null, units);
  return broken === undefined ? key : key + broken.seen;
};
