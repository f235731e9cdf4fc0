import { STATE } from "@xenkit/abi";
import type { DomainSummary, Hypervisor } from "@xenkit/hypervisor";
import type { System, Violation } from "@xenkit/testkit";
import { act, observe, step } from "./acts.ts";
import { parseCommand } from "./commands.ts";
import { bringEvent, give, moveConsumer, START } from "./consumer-moves.ts";
import { mayBegin, moveCpu } from "./cpu-moves.ts";
import type { Program } from "./program.ts";
import { noLostChange, Reports, Truth, violation } from "./properties.ts";
import { enoughOf } from "./reduction.ts";
import { beginOf, type Setting, settingOf } from "./setting.ts";
import { consumerProcess, type Draft, keyOf, type World } from "./world.ts";

/** A program under all orders of its steps. */
export interface ProgramSystem extends System<World> {
  /** Who makes a move, and what its next step is. */
  describe(world: World, move: number): MoveText;
  /** A real hypervisor to which all happened that led to a world. */
  hypervisor(world: World): Hypervisor;
  /** Is that hypervisor, with the calls under way on it, the one that the world says? */
  isReal(world: World): boolean;
}

interface MoveText {
  readonly who: string;
  /** Its command or request. */
  readonly what: string;
  readonly step: string;
}

/** @throws Error for a command that there is not. */
export const systemOf = (program: Program): ProgramSystem => {
  const setting = settingOf(program);
  return {
    start: () => startWorld(setting),
    moves: (world) => movesOf(setting, world),
    take: (world, move) => takeMove(setting, world, move),
    key: keyOf,
    broken: (world, isEnd) => world.broken ?? (isEnd ? brokenAtRest(setting, world) : undefined),
    endKey: (world) => JSON.stringify([world.host.text, world.consumer.text]),
    enough: (world, moves) => enoughOf(setting, world, moves),
    describe: (world, move) => describeMove(setting, world, move),
    hypervisor: (world) => setting.hosts.emulator(world.way).host,
    isReal: ({ way, host, calls }) => {
      const emulator = setting.hosts.emulator(way);
      return (
        emulator.look().text === host.text &&
        calls.every((call, process) => emulator.callText(process)?.text === call?.text)
      );
    },
  };
};

const startWorld = (setting: Setting): World => {
  const { commands, hosts, program } = setting;
  const draft: Draft = {
    way: undefined,
    host: hosts.start(),
    calls: [...commands.map(() => undefined), undefined],
    cpus: commands.map(() => ({ at: 0, isMarked: false })),
    consumer: setting.fresh,
    killed: "no",
    owed: 0,
    isRefused: false,
    truth: setting.truths(new Truth()),
    reports: setting.reports(new Reports()),
    broken: undefined,
    said: NOTHING_SAID,
  };
  for (const text of program.before ?? []) {
    let outcome = act(setting, draft, beginOf(0, parseCommand(text)));
    while (outcome.answer === undefined) outcome = step(setting, draft, 0);
    if (outcome.answer.rc < 0) throw new Error(`${text}, before the program: ${outcome.answer.rc}`);
  }
  observe(setting, draft);
  give(setting, draft, START);
  while (draft.consumer.request !== undefined) moveConsumer(setting, draft);
  return draft;
};

const NOTHING_SAID: World["said"] = { answer: undefined, told: [] };

/** The moves of the CPUs have the numbers of the CPUs. */
const CONSUMER = 100;
const EVENT = 101;

const movesOf = (setting: Setting, world: World): readonly number[] => {
  const moves: number[] = [];
  if (world.broken !== undefined) return moves;
  for (let cpu = 0; cpu < world.cpus.length; cpu += 1) {
    const command = setting.commands[cpu]?.[world.cpus[cpu]?.at ?? 0];
    if (command !== undefined && (world.calls[cpu] !== undefined || mayBegin(world, command))) {
      moves.push(cpu);
    }
  }
  const { consumer, killed } = world;
  if (killed !== "no" || consumer.request !== undefined) moves.push(CONSUMER);
  if (world.host.isEventWaiting) moves.push(EVENT);
  return moves;
};

const describeMove = ({ commands }: Setting, world: World, id: number): MoveText => {
  if (id === EVENT) return { who: "event", what: "reaches the consumer", step: "" };
  if (id === CONSUMER) {
    const call = world.calls[consumerProcess(world)];
    const what = world.killed === "no" ? (world.consumer.request?.name ?? "") : "killed";
    return { who: "consumer", what, step: call?.next ?? "begin" };
  }
  const what = commands[id]?.[world.cpus[id]?.at ?? 0]?.text ?? "";
  return { who: `cpu${id + 1}`, what, step: world.calls[id]?.next ?? "begin" };
};

const takeMove = (setting: Setting, world: World, id: number): World => {
  const draft: Draft = { ...world, said: NOTHING_SAID };
  if (id === EVENT) bringEvent(setting, draft);
  else if (id === CONSUMER) moveConsumer(setting, draft);
  else moveCpu(setting, draft, id);
  return draft;
};

const brokenAtRest = ({ commands }: Setting, world: World): Violation | undefined => {
  const waits = world.cpus.findIndex(({ at }, cpu) => at < (commands[cpu] ?? []).length);
  if (waits !== -1) return violation("liveness", `cpu${waits + 1} waits for ever`);
  const { marked } = world.host;
  if (world.isRefused) {
    // Another may have the VIRQ: then there is nothing that it could follow, and it knows.
    const hasRival = commands.some((list) =>
      list.some(({ verb }) => verb === "bind" || verb === "set-handler"),
    );
    return hasRival ? undefined : violation("liveness", "the consumer could not start");
  }
  return (
    world.reports.value.atRest(world.truth.value) ??
    noLostChange(world.consumer.snapshot, asTold(world), (domid) => marked.includes(domid))
  );
};

/** What there is, but for the resumes: nothing tells of them. */
const asTold = ({ host, consumer, truth }: World): readonly DomainSummary[] =>
  host.domains.map((domain) => {
    if (truth.value.get(domain.uniqueId)?.shutdown !== true) return domain;
    const known = consumer.snapshot.find(({ uniqueId }) => uniqueId === domain.uniqueId);
    return { ...domain, state: domain.state | ((known?.state ?? 0) & STATE.shutdown) };
  });
