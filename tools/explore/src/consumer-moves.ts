import { EVTCHNOP, HYPERVISOR } from "@xenkit/abi";
import type { Violation } from "@xenkit/testkit";
import { act, breaks, forget, named, step } from "./acts.ts";
import type { Answer, Input, Progress, Request } from "./consumer.ts";
import { type Act, beginAct } from "./emulator.ts";
import { MOST_NUMBERED } from "./numbering.ts";
import { Reports, violation } from "./properties.ts";
import type { Setting } from "./setting.ts";
import { consumerProcess, type Draft } from "./world.ts";

const EVENT_INPUT: Input = { kind: "event" };
/** A new consumer starts. */
export const START: Input = { kind: "start" };
/** The consumer starts again by itself. */
export const RESYNC: Input = { kind: "resync" };
const DONE: Answer = { kind: "answer", rc: 0, bytes: new Uint8Array(0) };

/** The consumer gets something, and goes on to its next request, or to rest. */
export const give = (setting: Setting, draft: Draft, input: Input): void => {
  const progress = draft.consumer.next(input);
  const { state, told, lost, errors } = progress;
  draft.said = { answer: input.kind === "answer" ? input : undefined, told };
  draft.consumer = state;
  if (input.kind === "start" || input.kind === "resync") draft.isRefused = false;
  if (errors.length > 0) draft.isRefused = true;
  if (told.length > 0) hear(setting, draft, progress);
  if (lost !== undefined)
    breaks(draft, violation("no lost change", `found, and not told: ${lost}`));
  if (state.request === undefined) draft.owed = 0;
  forget(setting, draft);
};

const hear = (setting: Setting, draft: Draft, { id, told }: Progress): void => {
  const { reports, truth } = draft;
  const name = (id * MOST_NUMBERED + reports.id) * MOST_NUMBERED + truth.id;
  let heard = setting.heard.get(name);
  if (heard === undefined) {
    const next = reports.value.copy();
    let broken: Violation | undefined;
    for (const change of told) broken ??= next.hear(change, truth.value);
    heard = [setting.reports(next), broken];
    setting.heard.set(name, heard);
  }
  draft.reports = heard[0];
  breaks(draft, heard[1]);
};

/** An event is brought to the consumer's CPU. */
export const bringEvent = (setting: Setting, draft: Draft): void => {
  // Whoever was killed has left its port to the kernel; the port of another process is not ours.
  const port = draft.killed === "no" ? draft.consumer.port : (draft.host.virqPort?.number ?? 0);
  const deliver = named(setting, `deliver ${port}`, () => ({ kind: "deliver", port }));
  const { isHeard } = act(setting, draft, deliver);
  if (isHeard && draft.killed === "no") give(setting, draft, EVENT_INPUT);
};

/** All that the consumer knew is lost at once; its kernel comes to an end with what is under way. */
export const kill = (setting: Setting, draft: Draft): void => {
  draft.killed = "killed";
  draft.consumer = setting.fresh;
  draft.isRefused = false;
  draft.reports = setting.reports(new Reports());
  draft.owed = 0;
  forget(setting, draft);
};

/** The next step of the consumer, or of the kernel after its end. */
export const moveConsumer = (setting: Setting, draft: Draft): void => {
  if (draft.killed === "no") stepConsumer(setting, draft);
  else if (draft.calls[consumerProcess(draft)] === undefined) beginClosing(setting, draft);
  else stepKilled(setting, draft);
};

/** The hypercall of a killed consumer comes to its end, or the one by which the kernel closes its port. */
const stepKilled = (setting: Setting, draft: Draft): void => {
  const { answer } = step(setting, draft, consumerProcess(draft));
  draft.owed = 0;
  if (answer !== undefined && draft.killed === "closing") restart(setting, draft);
};

/** Closes the port of VIRQ_DOM_EXC, which a bind may have opened whose answer was never read. */
const beginClosing = (setting: Setting, draft: Draft): void => {
  const port = draft.host.virqPort?.number;
  if (port === undefined) {
    restart(setting, draft);
    return;
  }
  draft.killed = "closing";
  const process = consumerProcess(draft);
  const close = named(setting, `kernel closes ${port}`, () => {
    const bytes = Uint8Array.of(port, port >>> 8, 0, 0);
    const hypercall = { caller: 0, op: HYPERVISOR.eventChannelOp, bytes, cmd: EVTCHNOP.close };
    return beginAct(process, { ...hypercall, name: `close ${port}`, creates: undefined });
  });
  act(setting, draft, close);
};

const restart = (setting: Setting, draft: Draft): void => {
  draft.killed = "no";
  give(setting, draft, START);
};

const stepConsumer = (setting: Setting, draft: Draft): void => {
  const process = consumerProcess(draft);
  const { request } = draft.consumer;
  if (request === undefined) return;
  const isUnderWay = draft.calls[process] !== undefined;
  const { answer } = isUnderWay
    ? step(setting, draft, process)
    : act(
        setting,
        draft,
        named(setting, request.text, () => actOf(request, process)),
      );
  if (request.kind === "hypercall") {
    if (answer !== undefined) answerConsumer(setting, draft, request.name, answer);
    return;
  }
  if (request.kind === "clear") draft.owed = 0;
  give(setting, draft, DONE);
};

const actOf = (request: Request, process: number): Act =>
  request.kind === "hypercall"
    ? beginAct(process, { ...request, name: request.text, caller: 0, creates: undefined })
    : { kind: request.kind, port: request.port };

const answerConsumer = (setting: Setting, draft: Draft, name: string, answer: Answer): void => {
  if (name === "bind") draft.owed = 0;
  if (name.startsWith("query") || (name === "poll" && answer.rc === 0)) {
    draft.owed -= 1;
    if (draft.owed + draft.host.marked.length < 0) {
      breaks(draft, violation("bounded work", `${name}: more hypercalls than changes`));
    }
  }
  give(setting, draft, answer);
};
