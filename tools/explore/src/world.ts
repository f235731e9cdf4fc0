import { ERRNO, EVTCHNOP, EVTCHNSTAT, HYPERVISOR, VIRQ } from "@xenkit/abi";
import {
  type Call,
  createHypervisor,
  type DrainOrder,
  type EventChannels,
  type FailedBind,
  type Hypervisor,
  type NoticeOrder,
  type StepName,
} from "@xenkit/hypervisor";
import type { Move, System, Violation } from "@xenkit/testkit";
import { beginCommand, type Command, parseCommand } from "./commands.ts";
import { type ConsumerState, consumerStates, type Input } from "./consumer.ts";
import { CONSUMERS, type ConsumerName } from "./consumers.ts";
import { mayLearn, noLostChange, Reports, Truth, violation } from "./properties.ts";
import { enoughOf } from "./reduction.ts";

/** A small program: what was there before, and what several CPUs do at the same time. */
export interface Program {
  readonly name: string;
  /** The switches of the hypervisor. */
  readonly hypervisor?: {
    readonly drainOrder?: DrainOrder;
    readonly noticeOrder?: NoticeOrder;
    readonly failedBind?: FailedBind;
    readonly teardownSteps?: number;
  };
  readonly consumer: ConsumerName;
  /** Done before, one after the other, and seen by the consumer. */
  readonly before?: readonly string[];
  /** By CPU: what it does, in order. */
  readonly cpus: readonly (readonly string[])[];
}

/** A CPU of a toolstack or a guest. */
interface Cpu {
  readonly name: string;
  readonly commands: readonly Command[];
  /** The command that comes next, or is under way. */
  at: number;
  call: Call | undefined;
  /** Was the change of the call under way marked since its last VIRQ? */
  marked: boolean;
}

/** The consumer's CPU, with the kernel under it. */
interface ConsumerCpu {
  state: ConsumerState;
  call: Call | undefined;
  /** Where the answer of the call will be. */
  bytes: Uint8Array;
  /** Killed: what the kernel still has to do. */
  killed: "no" | "killed" | "closing";
  /** How many hypercalls the present drain may still make. */
  allowance: number;
  /** Its start was refused, and it knows: it follows nothing. */
  isRefused: boolean;
}

/** Everything at one moment. */
export interface World {
  readonly host: Hypervisor;
  readonly events: EventChannels;
  readonly cpus: readonly Cpu[];
  readonly consumer: ConsumerCpu;
  readonly truth: Truth;
  reports: Reports;
  /** Events that wait to be brought to the consumer's CPU. */
  flush: (() => void) | undefined;
  broken: Violation | undefined;
}

/** The states of the consumers are the same in all worlds: found once. */
const initialStates = new Map<ConsumerName, ConsumerState>();
const initialState = (name: ConsumerName): ConsumerState => {
  const state = initialStates.get(name) ?? consumerStates(CONSUMERS[name]);
  initialStates.set(name, state);
  return state;
};

/** A program under all orders of its steps. */
export const systemOf = (program: Program): System<World> => {
  const commands = program.cpus.map((texts) => texts.map(parseCommand));
  const before = (program.before ?? []).map(parseCommand);
  return {
    start: () => startWorld(program, before, commands),
    moves: movesOf,
    take: (world, id) => takeMove(world, id, initialState(program.consumer)),
    key: keyOf,
    broken: (world, isEnd) => world.broken ?? (isEnd ? brokenAtRest(world) : undefined),
    endKey: (world) => JSON.stringify([world.host.dump(), world.consumer.state.key]),
    enough: (world, moves) => enoughOf(world, moves),
  };
};

const startWorld = (
  program: Program,
  before: readonly Command[],
  commands: readonly (readonly Command[])[],
): World => {
  const host = createHypervisor({
    ...program.hypervisor,
    limits: { eventPorts: 8 },
    deliver: (flush) => {
      world.flush = flush;
    },
  });
  const world: World = {
    host,
    events: host.eventChannels(0),
    cpus: commands.map((list, index) => ({
      name: `cpu${index + 1}`,
      commands: list,
      at: 0,
      call: undefined,
      marked: false,
    })),
    consumer: {
      state: initialState(program.consumer),
      call: undefined,
      bytes: new Uint8Array(0),
      killed: "no",
      allowance: 0,
      isRefused: false,
    },
    truth: new Truth(),
    reports: new Reports(),
    flush: undefined,
    broken: undefined,
  };
  for (const command of before) finish(beginCommand(host, command));
  observe(world);
  give(world, { kind: "start" });
  while (world.consumer.state.request !== undefined) stepConsumer(world, world.consumer.state);
  return world;
};

const finish = (call: Call): void => {
  while (call.next !== undefined) call.step();
  if (call.result < 0) throw new Error(`a command before the program failed: ${call.result}`);
};

/** The moves of the CPUs have the numbers of the CPUs. */
const CONSUMER = 100;
const EVENT = 101;

/** What can happen next. The label is what the next step is. */
export const movesOf = (world: World): readonly Move[] => {
  if (world.broken !== undefined) return [];
  const moves: Move[] = [];
  for (const [id, { name, call, commands, at }] of world.cpus.entries()) {
    const command = commands[at];
    if (call !== undefined) moves.push({ id, who: name, what: `${command?.text}: ${call.next}` });
    else if (command !== undefined && mayBegin(world, command)) {
      moves.push({ id, who: name, what: `${command.text}: begin` });
    }
  }
  const { state, call, killed } = world.consumer;
  const consumer = { id: CONSUMER, who: "consumer" };
  if (killed !== "no") moves.push({ ...consumer, what: `killed: ${call?.next ?? "close"}` });
  else if (call !== undefined) {
    moves.push({ ...consumer, what: `${state.request?.name}: ${call.next}` });
  } else if (state.request !== undefined) {
    moves.push({ ...consumer, what: `${state.request.name}: begin` });
  }
  if (world.flush !== undefined)
    moves.push({ id: EVENT, who: "event", what: "reaches the consumer" });
  return moves;
};

/** A consumer starts again by itself only when it is at rest. */
const mayBegin = ({ consumer }: World, { verb }: Command): boolean => {
  if (verb === "resync") return consumer.killed === "no" && consumer.state.request === undefined;
  return verb !== "crash" || consumer.killed === "no";
};

const takeMove = (world: World, id: number, fresh: ConsumerState): void => {
  if (id === EVENT) bringEvent(world);
  else if (id === CONSUMER) moveConsumer(world, fresh);
  else moveCpu(world, world.cpus[id] as Cpu);
};

const moveCpu = (world: World, cpu: Cpu): void => {
  if (cpu.call !== undefined) {
    stepCpu(world, cpu, cpu.call);
    return;
  }
  const command = cpu.commands[cpu.at] as Command;
  if (command.verb === "crash") {
    world.consumer.killed = "killed";
    cpu.at += 1;
  } else if (command.verb === "resync") {
    cpu.at += 1;
    give(world, { kind: "resync" });
  } else {
    cpu.call = beginCommand(world.host, command);
    cpu.marked = false;
    if (cpu.call.next === undefined) endOfCall(world, cpu, command, cpu.call);
  }
};

/** The upcall: the kernel masks the port and wakes the consumer. */
const bringEvent = (world: World): void => {
  const { flush } = world;
  world.flush = undefined;
  flush?.();
};

const stepCpu = (world: World, cpu: Cpu, call: Call): void => {
  const command = cpu.commands[cpu.at] as Command;
  const step = call.next;
  const marks = world.host.changedCount ?? 0;
  call.step();
  if (step === "mark") cpu.marked = true;
  if (step === "raise") {
    if (!cpu.marked) {
      breaks(world, violation("mark before notice", `${command.text} raises the VIRQ unmarked`));
    }
    cpu.marked = false;
  }
  afterStep(world, marks, step);
  const callers = world.host.domain(command.caller);
  if (command.verb === "drain" && !mayLearn(callers) && (world.host.changedCount ?? 0) < marks) {
    breaks(world, violation("privacy", `${command.text} cleared a mark`));
  }
  if (call.next === undefined) endOfCall(world, cpu, command, call);
};

const endOfCall = (world: World, cpu: Cpu, command: Command, call: Call): void => {
  cpu.call = undefined;
  if (call.result === -ERRNO.ERESTART) return;
  cpu.at += 1;
  const asks = command.verb === "drain" || command.verb === "query";
  if (asks && call.result === 0 && !mayLearn(world.host.domain(command.caller))) {
    breaks(world, violation("privacy", `${command.text} was answered`));
  }
  // The consumer runs in dom0: nobody else drains what dom0 handles.
  if (command.verb === "drain" && call.result === 0 && command.caller !== 0) {
    breaks(world, violation("privacy", `${command.text} took a mark from dom0`));
  }
};

/** The steps that change what an answer can show of a domain. */
const SHOWN = new Set<StepName>(["link", "complete-shutdown", "begin-dying", "die", "unlink"]);

/** After each step: what is there now, and how many marks there are more. */
const afterStep = (world: World, marksBefore: number, step: StepName | undefined): void => {
  if (step !== undefined && SHOWN.has(step)) observe(world);
  world.consumer.allowance += Math.max(0, (world.host.changedCount ?? 0) - marksBefore);
};

const observe = (world: World): void => {
  breaks(world, world.truth.observe(world.host.domains()));
};

const breaks = (world: World, broken: Violation | undefined): void => {
  world.broken ??= broken;
};

/** The consumer gets something, and goes on to its next request, or to rest. */
const give = (world: World, input: Input): void => {
  const { consumer } = world;
  const pending = consumer.call === undefined ? undefined : consumer.state.request;
  consumer.state = consumer.state.next(input);
  if (input.kind !== "answer" && pending !== undefined && consumer.state.request !== pending) {
    if (consumer.state.request?.name !== pending.name) throw new Error("a nested request");
  }
  if (input.kind === "start" || input.kind === "resync") consumer.isRefused = false;
  if (consumer.state.errors.length > 0) consumer.isRefused = true;
  for (const change of consumer.state.told) breaks(world, world.reports.hear(change, world.truth));
  listen(world);
};

/** The kernel brings the events of the port that the consumer has bound. */
const listen = (world: World): void => {
  const { port } = world.consumer.state;
  if (port === 0) return;
  world.events.onPort(port, () => {
    world.events.mask(port);
    if (world.consumer.killed === "no") give(world, { kind: "event" });
  });
};

const moveConsumer = (world: World, fresh: ConsumerState): void => {
  const { consumer } = world;
  if (consumer.killed === "no") stepConsumer(world, consumer.state);
  else if (consumer.call === undefined) beginClosing(world, fresh);
  else stepKilled(world, fresh, consumer.call);
};

/** The hypercall of a killed consumer comes to its end, or the one by which the kernel closes its port. */
const stepKilled = (world: World, fresh: ConsumerState, call: Call): void => {
  const marks = world.host.changedCount ?? 0;
  const step = call.next;
  call.step();
  afterStep(world, marks, step);
  if (call.next !== undefined) return;
  world.consumer.call = undefined;
  if (world.consumer.killed === "closing") restart(world, fresh);
};

const beginClosing = (world: World, fresh: ConsumerState): void => {
  const port = openPort(world);
  if (port === 0) {
    restart(world, fresh);
    return;
  }
  const bytes = Uint8Array.of(port, port >>> 8, 0, 0);
  world.consumer.killed = "closing";
  world.consumer.call = world.host.begin(0, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.close);
};

/** The port of VIRQ_DOM_EXC, which a bind may have opened whose answer was never read. */
const openPort = ({ host }: World): number =>
  host
    .dump()
    .domains.find(({ domid }) => domid === 0)
    ?.ports.find(({ virq, kind }) => kind === EVTCHNSTAT.virq && virq === VIRQ.domExc)?.number ?? 0;

const restart = (world: World, fresh: ConsumerState): void => {
  world.consumer.killed = "no";
  world.consumer.state = fresh;
  world.reports = new Reports();
  give(world, { kind: "start" });
};

const stepConsumer = (world: World, { request }: ConsumerState): void => {
  const { consumer, host } = world;
  if (consumer.call !== undefined) {
    const marks = host.changedCount ?? 0;
    const step = consumer.call.next;
    consumer.call.step();
    afterStep(world, marks, step);
    if (consumer.call.next === undefined) answerConsumer(world, consumer.call);
    return;
  }
  if (request === undefined) return;
  if (request.kind === "hypercall") {
    consumer.bytes = request.bytes.slice();
    consumer.call = host.begin(0, request.op, consumer.bytes, request.cmd);
    if (consumer.call.next === undefined) answerConsumer(world, consumer.call);
    return;
  }
  if (request.kind === "clear") {
    consumer.allowance = host.changedCount ?? 0;
    world.events.clearPending(request.port);
  } else {
    world.events.unmask(request.port);
  }
  give(world, { kind: "answer", rc: 0, bytes: new Uint8Array(0) });
};

const answerConsumer = (world: World, call: Call): void => {
  const { consumer } = world;
  const name = consumer.state.request?.name ?? "";
  consumer.call = undefined;
  if (name === "bind") consumer.allowance = world.host.changedCount ?? 0;
  if (name.startsWith("query") || (name === "poll" && call.result === 0)) {
    consumer.allowance -= 1;
    if (consumer.allowance < 0) {
      breaks(world, violation("bounded work", `${name}: more hypercalls than changes`));
    }
  }
  give(world, { kind: "answer", rc: call.result, bytes: consumer.bytes });
};

const brokenAtRest = (world: World): Violation | undefined => {
  const waits = world.cpus.find(({ commands, at }) => at < commands.length);
  if (waits !== undefined) return violation("liveness", `${waits.name} waits for ever`);
  const { changed } = world.host.dump();
  if (world.consumer.isRefused) {
    // Another may have the VIRQ: then there is nothing that it could follow, and it knows.
    const hasRival = world.cpus.some(({ commands }) =>
      commands.some(({ verb }) => verb === "bind" || verb === "set-handler"),
    );
    return hasRival ? undefined : violation("liveness", "the consumer could not start");
  }
  return (
    world.reports.atRest(world.truth) ??
    noLostChange(world.consumer.state.snapshot, world.host.domains(), (domid) =>
      (changed ?? []).includes(domid),
    )
  );
};

const keyOf = (world: World): string => {
  const { host, cpus, consumer, truth, reports, flush, broken } = world;
  const { domains, changed, limbo, deliveries, uniqueIds, virqHandlers } = host.dump();
  return JSON.stringify([
    domains.map(({ domid, uniqueId, life, shutdown, teardownSteps, ports, pending }) => [
      domid,
      uniqueId,
      life,
      shutdown,
      teardownSteps,
      ports.map(({ number, masked }) => [number, masked]),
      pending,
    ]),
    changed,
    limbo,
    deliveries,
    uniqueIds.last,
    virqHandlers,
    cpus.map(({ at, call, marked }) => [at, call?.dump(), marked]),
    [
      consumer.state.key,
      consumer.call?.dump(),
      consumer.killed,
      consumer.allowance,
      consumer.isRefused,
    ],
    truth.key(),
    reports.key(),
    flush === undefined,
    broken,
  ]);
};
