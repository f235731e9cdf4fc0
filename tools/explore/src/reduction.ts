import type { Move } from "@xenkit/testkit";
import type { Command } from "./commands.ts";
import type { World } from "./world.ts";

/*
 * Partial-order reduction by persistent sets of one process.
 *
 * Take a state and one process p whose next step t touches only things that no other process will
 * ever touch from here on, as far as its remaining program can be known. Then t commutes with every
 * step that the others can make before it: wherever they go, t stays possible, does the same, and
 * leaves them what they would have found. So every run from here can be rearranged to begin with t
 * and to end in the same state, and {t} alone is a persistent set: exploring it reaches every end.
 *
 * A property that is broken on the way is part of the state ("what is broken stays broken"), and so
 * of the end. What a property looks at is touched too: the truth of a domain (exists, shut down,
 * dead) changes with the steps that change what an answer can show, and these are "shown" below.
 *
 * The test explores small programs with and without the reduction and compares all ends.
 */

/** What a step of an operation on one domain touches, beside what only other CPUs that act on the same domain look at. */
const HIDDEN_STEPS = new Set([
  // In progress is not shown to anyone: only a complete shutdown is.
  "begin-shutdown",
  // Counts down, or decides, what no answer shows.
  "tear-down",
  // Only a creation under the same domid looks.
  "free-domid",
]);

/** Steps that look a domain up and change nothing that others can see. */
const QUIET_BEGINS = new Set(["shutdown", "destroy"]);

const nextOf = (world: World, who: string): { command: Command; step: string } | undefined => {
  const cpu = world.cpus.find(({ name }) => name === who);
  const command = cpu?.commands[cpu.at];
  if (cpu === undefined || command === undefined) return undefined;
  return { command, step: cpu.call?.next ?? "begin" };
};

/** May another CPU still do something to this domain, or look at its inner state? */
const othersTouch = (world: World, who: string, domid: number): boolean =>
  world.cpus.some(
    ({ name, commands, at }) =>
      name !== who && commands.slice(at).some((command) => command.domid === domid),
  );

const othersCreate = (world: World, who: string): boolean =>
  world.cpus.some(
    ({ name, commands, at }) =>
      name !== who && commands.slice(at).some(({ verb }) => verb === "create"),
  );

/** Is there still to come what the consumer's own steps do not commute with? */
const someoneKills = (world: World): boolean =>
  world.consumer.killed !== "no" ||
  world.cpus.some(({ commands, at }) =>
    commands.slice(at).some(({ verb }) => verb === "crash" || verb === "resync"),
  );

const isAlone = (world: World, { who }: Move): boolean => {
  if (who === "event") return false;
  if (who === "consumer") {
    // The entry of a poll looks at nothing that changes: dom0 lives, and may ask.
    const { request } = world.consumer.state;
    const begins = world.consumer.call === undefined && request?.name === "poll";
    // An event may come before or after it: it is only noted until the answer is there. But its
    // note is part of the consumer's state, and the entry is not: they commute.
    return begins && !someoneKills(world);
  }
  const next = nextOf(world, who);
  if (next === undefined) return false;
  const { command, step } = next;
  if (othersTouch(world, who, command.domid)) return false;
  // The unique ids follow the order of the creations.
  if (step === "begin" && command.verb === "create") return !othersCreate(world, who);
  return step === "begin" ? QUIET_BEGINS.has(command.verb) : HIDDEN_STEPS.has(step);
};

/** A persistent set: one move that is alone, or all. */
export const enoughOf = (world: World, moves: readonly Move[]): readonly Move[] => {
  const alone = moves.find((move) => isAlone(world, move));
  return alone === undefined ? moves : [alone];
};
