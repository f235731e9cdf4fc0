import { binary, MESSAGE, type Message, messageTypeName } from "@xenkit/xenstore-wire";
import { DEVIATIONS, type Deviation } from "./deviations.ts";
import { type Observation, requestId, type Seen } from "./play.ts";
import { DomainHistory } from "./situations.ts";
import type { Place, PlannedRequest, Sequence, Step } from "./step.ts";

/** Whose column of the deviations counts. */
export type Reference = "c" | "ocaml";

/** What differs. */
export interface Difference {
  readonly step: number;
  readonly place: Place;
  readonly theirs: string;
  readonly ours: string;
}

/** What came of comparing two runs of a sequence. */
export interface Comparison {
  /** Requests whose replies were compared. */
  readonly requests: number;
  readonly events: number;
  /** How often each deviation was met. */
  readonly met: ReadonlyMap<Deviation, number>;
  readonly difference: Difference | undefined;
}

/** Compares what two daemons did, byte by byte, but for the written deviations. */
export const compare = (
  { steps }: Sequence,
  theirs: readonly Observation[],
  ours: readonly Observation[],
  reference: Reference,
): Comparison => {
  const met = new Map<Deviation, number>();
  const history = new DomainHistory();
  let requests = 0;
  let events = 0;
  for (const [index, step] of steps.entries()) {
    const situation = history.take(step);
    const their = theirs[index];
    const our = ours[index];
    if (their === undefined || our === undefined) break;
    const judged = compareStep({ step, index, reference, their, our, history });
    for (const deviation of judged.met) met.set(deviation, (met.get(deviation) ?? 0) + 1);
    requests += judged.requests;
    events += judged.events;
    if (situation !== undefined) break;
    if (judged.difference !== undefined)
      return { requests, events, met, difference: judged.difference };
    if (judged.met.some(({ ends }) => ends)) break;
  }
  return { requests, events, met, difference: undefined };
};

interface StepRuns {
  readonly step: Step;
  readonly index: number;
  readonly reference: Reference;
  readonly their: Observation;
  readonly our: Observation;
  readonly history: DomainHistory;
}

interface Judged {
  readonly requests: number;
  readonly events: number;
  readonly met: readonly Deviation[];
  readonly difference: Difference | undefined;
}

const NOTHING: Seen = { messages: [], end: "open" };

const compareStep = ({ step, index, reference, their, our, history }: StepRuns): Judged => {
  const met: Deviation[] = [];
  let requests = 0;
  let events = 0;
  for (const place of new Set([...their.seen.keys(), ...our.seen.keys()])) {
    const a = their.seen.get(place) ?? NOTHING;
    const b = our.seen.get(place) ?? NOTHING;
    const pipelined = step.do === "ask" && step.requests.length > 1;
    const merged = pipelined ? merge : same;
    const compared = (messages: readonly Message[]): readonly Message[] =>
      merged(inOrder(withoutSpecial(step, messages), releases(step) ? "any" : reference));
    const theirMessages = compared(a.messages);
    const ourMessages = compared(b.messages);
    const differs = (theirText: string, ourText: string): Judged => ({
      requests,
      events,
      met,
      difference: { step: index, place, theirs: theirText, ours: ourText },
    });
    for (let at = 0; at < Math.max(theirMessages.length, ourMessages.length); at += 1) {
      const theirOne = theirMessages[at];
      const ourOne = ourMessages[at];
      const request = requestOf(step, index, theirOne ?? ourOne);
      if (request === undefined) events += 1;
      else requests += 1;
      if (show(theirOne) === show(ourOne)) continue;
      if (reference === "ocaml" && sameButTxId(theirOne, ourOne)) continue;
      if (request?.type === MESSAGE.getPerms && onlyDeadMissing(theirOne, ourOne, history))
        continue;
      const deviation = findDeviation(request, theirOne, ourOne, reference);
      if (deviation === undefined) return differs(show(theirOne), show(ourOne));
      met.push(deviation);
      if (deviation.ends) return { requests, events, met, difference: undefined };
    }
    if (a.end !== b.end) return differs(a.end, b.end);
  }
  if (their.introduced.join() !== our.introduced.join()) {
    const introduced = { step: index, place: "introduced" };
    const difference = { ...introduced, theirs: `${their.introduced}`, ours: `${our.introduced}` };
    return { requests, events, met, difference };
  }
  return { requests, events, met, difference: undefined };
};

/** SET_PERMS of a special node is an event of it since 4.18. */
const withoutSpecial = (step: Step, messages: readonly Message[]): readonly Message[] => {
  if (step.do !== "ask") return messages;
  const names = step.requests
    .filter(({ type, payload }) => type === MESSAGE.setPerms && payload.startsWith("@"))
    .map(({ payload }) => payload.slice(0, payload.indexOf("\0") + 1));
  if (names.length === 0) return messages;
  return messages.filter(
    ({ type, payload }) =>
      type !== MESSAGE.watchEvent || !names.some((name) => binary(payload).startsWith(name)),
  );
};

/** oxenstored answers WATCH and UNWATCH without the transaction id, which they ignore. */
const sameButTxId = (theirs: Message | undefined, ours: Message | undefined): boolean =>
  theirs !== undefined &&
  ours !== undefined &&
  theirs.txId === 0 &&
  show(theirs) === show({ ...ours, txId: 0 });

const same = (messages: readonly Message[]): readonly Message[] => messages;

/**
 * Of equal events the first. While several requests of one client are answered, it depends on the pace of the daemon
 * and of the socket which events still wait, and so swallow their equals.
 */
const merge = (messages: readonly Message[]): readonly Message[] => {
  const known = new Set<string>();
  return messages.filter((message) => {
    if (message.type !== MESSAGE.watchEvent) return true;
    const text = binary(message.payload);
    if (known.has(text)) return false;
    known.add(text);
    return true;
  });
};

/**
 * Of oxenstored the replies only: it tells watches below a removed node that never existed, and merges nothing. Where
 * the reply to a RELEASE stands among the events that it causes, is left to the daemon.
 */
const inOrder = (
  messages: readonly Message[],
  reference: Reference | "any",
): readonly Message[] => {
  if (reference === "c") return messages;
  const replies = messages.filter(({ type }) => type !== MESSAGE.watchEvent);
  const events = messages.filter(({ type }) => type === MESSAGE.watchEvent);
  return reference === "ocaml" ? replies : [...replies, ...events];
};

const releases = (step: Step): boolean =>
  step.do === "ask" && step.requests.some(({ type }) => type === MESSAGE.release);

/** 4.17 keeps the entries of a domain that is over, stale; ours and newer ones drop them. */
const onlyDeadMissing = (
  theirs: Message | undefined,
  ours: Message | undefined,
  { over }: DomainHistory,
): boolean => {
  if (theirs?.type !== MESSAGE.getPerms || ours?.type !== MESSAGE.getPerms) return false;
  const rest = binary(ours.payload).split("\0");
  for (const entry of binary(theirs.payload).split("\0")) {
    if (rest[0] === entry) rest.shift();
    else if (!over.has(Number(entry.slice(1)))) return false;
  }
  return rest.length === 0;
};

const requestOf = (
  step: Step,
  index: number,
  message: Message | undefined,
): PlannedRequest | undefined => {
  if (step.do !== "ask" || message === undefined || message.type === MESSAGE.watchEvent)
    return undefined;
  return step.requests.find((_, at) => requestId(index, at) === message.reqId);
};

const findDeviation = (
  request: PlannedRequest | undefined,
  theirs: Message | undefined,
  ours: Message | undefined,
  reference: Reference,
): Deviation | undefined => {
  if (request === undefined || theirs === undefined || ours === undefined) return undefined;
  if (theirs.reqId !== ours.reqId) return undefined;
  return DEVIATIONS.find(
    (deviation) =>
      deviation[reference] !== "same" &&
      (deviation.requests === "any" ||
        deviation.requests.some((name) => MESSAGE[name] === request.type)) &&
      (deviation.inTransaction !== true || theirs.txId !== 0) &&
      (deviation.payload?.test(request.payload) ?? true) &&
      fits(deviation[reference], theirs) &&
      fits(deviation.ours, ours),
  );
};

const fits = (answer: string, { type, payload }: Message): boolean => {
  if (answer === "*") return true;
  if (answer === "ERROR") return type === MESSAGE.error;
  if (answer === "OK") return type !== MESSAGE.error;
  return type === MESSAGE.error && binary(payload) === `${answer}\0`;
};

/** A message as text; generations are left out: they count each daemon's own changes. */
export const show = (message: Message | undefined): string => {
  if (message === undefined) return "nothing";
  const { type, txId, payload } = message;
  const text = binary(payload);
  const told = type === MESSAGE.directoryPart ? text.replace(/^[0-9]+/, "N") : text;
  const name = messageTypeName(type) ?? `type ${type}`;
  const request = type === MESSAGE.watchEvent ? "" : ` ${message.reqId}/${txId}`;
  return `${name}${request} ${JSON.stringify(told)}`;
};
