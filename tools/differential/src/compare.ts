import { binary, MESSAGE, type Message, messageTypeName } from "@xenkit/xenstore-wire";
import type { Deviation, EventDeviation } from "./deviations.ts";
import { findDeviation, findEventDeviation } from "./find-deviation.ts";
import { type Observation, requestId, type Seen } from "./play.ts";
import type { Reference } from "./reference.ts";
import { DomainHistory } from "./situations.ts";
import type { Place, PlannedRequest, Sequence, Step } from "./step.ts";

export type AnyDeviation = Deviation | EventDeviation;

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
  readonly met: ReadonlyMap<AnyDeviation, number>;
  readonly difference: Difference | undefined;
}

/** Compares what two daemons did, byte by byte, but for the written deviations. */
export const compare = (
  { steps }: Sequence,
  theirs: readonly Observation[],
  ours: readonly Observation[],
  reference: Reference,
): Comparison => {
  const met = new Map<AnyDeviation, number>();
  const history = new DomainHistory();
  let requests = 0;
  let events = 0;
  for (const [index, step] of steps.entries()) {
    history.take(step, []);
    const their = theirs[index];
    const our = ours[index];
    if (their === undefined || our === undefined) break;
    const judged = compareStep({ step, index, reference, their, our, history });
    for (const deviation of judged.met) met.set(deviation, (met.get(deviation) ?? 0) + 1);
    requests += judged.requests;
    events += judged.events;
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
  readonly met: readonly AnyDeviation[];
  readonly difference: Difference | undefined;
}

const NOTHING: Seen = { messages: [], end: "open" };

const compareStep = (runs: StepRuns): Judged => {
  const { index, their, our } = runs;
  const met: AnyDeviation[] = [];
  let requests = 0;
  let events = 0;
  for (const place of new Set([...their.seen.keys(), ...our.seen.keys()])) {
    const a = their.seen.get(place) ?? NOTHING;
    const b = our.seen.get(place) ?? NOTHING;
    for (const [theirs, ours] of pairs(runs, a.messages, b.messages)) {
      const request = requestOf(runs, theirs ?? ours);
      if (request === undefined) events += 1;
      else requests += 1;
      if (show(theirs) === show(ours)) continue;
      const deviation = permitted(runs, place, request, [theirs, ours]);
      if (deviation === undefined) {
        const difference = { step: index, place, theirs: show(theirs), ours: show(ours) };
        return { requests, events, met, difference };
      }
      if (deviation === "always") continue;
      met.push(deviation);
      if (deviation.ends) return { requests, events, met, difference: undefined };
    }
    if (a.end !== b.end) {
      const difference = { step: index, place, theirs: a.end, ours: b.end };
      return { requests, events, met, difference };
    }
  }
  if (their.introduced.join() !== our.introduced.join()) {
    const introduced = { step: index, place: "introduced" };
    const difference = { ...introduced, theirs: `${their.introduced}`, ours: `${our.introduced}` };
    return { requests, events, met, difference };
  }
  return { requests, events, met, difference: undefined };
};

type Facing = readonly [theirs: Message | undefined, ours: Message | undefined];

/** What one client got, beside what it got from the other daemon. */
const pairs = (
  { step, reference }: StepRuns,
  theirs: readonly Message[],
  ours: readonly Message[],
): Facing[] => {
  const both = [theirs, ours].map((messages) => withoutSpecial(step, messages));
  const [a = [], b = []] = both;
  const merged = isPipelined(step) ? merge : same;
  if (reference === "c") {
    const ordered = releases(step) ? repliesFirst : same;
    return inPairs(merged(ordered(a)), merged(ordered(b)));
  }
  return [
    ...inPairs(a.filter(isReply), b.filter(isReply)),
    ...equalsInPairs(a.filter(isEvent), b.filter(isEvent)),
  ];
};

const inPairs = (theirs: readonly Message[], ours: readonly Message[]): Facing[] =>
  Array.from({ length: Math.max(theirs.length, ours.length) }, (_, at) => [theirs[at], ours[at]]);

/**
 * Events of oxenstored as a set: it tells the newest watch first, after the reply, and merges nothing.
 */
const equalsInPairs = (theirs: readonly Message[], ours: readonly Message[]): Facing[] => {
  const [a, b] = [theirs, ours].map((list) => new Map(list.map((each) => [show(each), each])));
  return [...new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])].map((text) => [
    a?.get(text),
    b?.get(text),
  ]);
};

/** Why two messages that differ may do so. */
const permitted = (
  { step, reference, history }: StepRuns,
  place: Place,
  request: PlannedRequest | undefined,
  [theirs, ours]: Facing,
): AnyDeviation | "always" | undefined => {
  if (reference === "ocaml" && sameButTxId(theirs, ours)) return "always";
  if (request?.type === MESSAGE.getPerms && onlyDeadMissing(theirs, ours, history)) return "always";
  return request === undefined
    ? findEventDeviation(step, place, theirs, ours, reference)
    : findDeviation(request, theirs, ours, reference);
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

const isEvent = ({ type }: Message): boolean => type === MESSAGE.watchEvent;
const isReply = (message: Message): boolean => !isEvent(message);

/** Where the reply to a RELEASE stands among the events that it causes is left to the daemon. */
const repliesFirst = (messages: readonly Message[]): readonly Message[] => [
  ...messages.filter(isReply),
  ...messages.filter(isEvent),
];

const isPipelined = (step: Step): boolean => step.do === "ask" && step.requests.length > 1;

const releases = (step: Step): boolean =>
  step.do === "ask" && step.requests.some(({ type }) => type === MESSAGE.release);

const requestOf = (
  { step, index }: StepRuns,
  message: Message | undefined,
): PlannedRequest | undefined => {
  if (step.do !== "ask" || message === undefined || isEvent(message)) return undefined;
  return step.requests.find((_, at) => requestId(index, at) === message.reqId);
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

/** oxenstored answers WATCH and UNWATCH without the transaction id, which they ignore. */
const sameButTxId = (theirs: Message | undefined, ours: Message | undefined): boolean =>
  theirs !== undefined &&
  ours !== undefined &&
  theirs.txId === 0 &&
  show(theirs) === show({ ...ours, txId: 0 });

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
