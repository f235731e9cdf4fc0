import { binary, MESSAGE, type Message } from "@xenkit/xenstore-wire";
import {
  type Cause,
  DEVIATIONS,
  type Deviation,
  EVENT_DEVIATIONS,
  type EventDeviation,
} from "./deviations.ts";
import type { Reference } from "./reference.ts";
import { isGuest, type Place, type PlannedRequest, type Step } from "./step.ts";

/** The written deviation that lets two replies to a request differ. */
export const findDeviation = (
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

/** The written deviation that lets only one of two daemons tell an event in a step. */
export const findEventDeviation = (
  step: Step,
  place: Place,
  theirs: Message | undefined,
  ours: Message | undefined,
  reference: Reference,
): EventDeviation | undefined => {
  const causes = causesOf(step);
  const payload = binary((theirs ?? ours)?.payload ?? new Uint8Array(0));
  return EVENT_DEVIATIONS.find(
    (deviation) =>
      deviation.causes.some((cause) => causes.includes(cause)) &&
      deviation[reference] === (theirs === undefined ? "nothing" : "event") &&
      deviation.ours === (ours === undefined ? "nothing" : "event") &&
      (deviation.toGuests !== true || isGuest(place)) &&
      (deviation.event?.test(payload) ?? true),
  );
};

const fits = (answer: string, { type, payload }: Message): boolean => {
  if (answer === "*") return true;
  if (answer === "ERROR") return type === MESSAGE.error;
  if (answer === "OK") return type !== MESSAGE.error;
  return type === MESSAGE.error && binary(payload) === `${answer}\0`;
};

const causesOf = (step: Step): readonly Cause[] =>
  step.do === "ask"
    ? NAMES.filter((name) => step.requests.some(({ type }) => type === MESSAGE[name]))
    : [step.do];

const NAMES = Object.keys(MESSAGE) as (keyof typeof MESSAGE)[];
