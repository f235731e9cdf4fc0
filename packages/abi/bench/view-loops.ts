import { type DomainStateAnswer, DomainStateView, getDomainState } from "@xenkit/abi";

/** State and caps of the answer differ from call to call: one store, in C as here. */
export const stateOf = (i: number): number => (i & 15) | (3 << 16);

// Not exported, so that it is a constant to V8, as in a program that has one view of its own.
const view = new DomainStateView();
let last: DomainStateAnswer | undefined;
const viewAnswer = new Int32Array(view.bytes.buffer);

export const writeView = (rounds: number): void => {
  for (let i = 0; i < rounds; i += 1) view.writeRequest(i & 0x7fff);
};
export const readView = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    viewAnswer[4] = stateOf(i);
    sum ^= view.domid ^ view.state ^ view.caps ^ view.uniqueIdLow ^ view.uniqueIdHigh;
  }
  return sum;
};
export const roundTripView = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    view.writeRequest(i & 0x7fff);
    viewAnswer[4] = stateOf(i);
    sum ^= view.domid ^ view.state ^ view.caps ^ view.uniqueIdLow ^ view.uniqueIdHigh;
  }
  return sum;
};
// The record outlives its round, so it must really be made.
export const decodeView = (rounds: number): number => {
  let sum = 0;
  let kept: DomainStateAnswer | undefined;
  for (let i = 0; i < rounds; i += 1) {
    viewAnswer[4] = stateOf(i);
    const answer = view.answer();
    sum ^= answer.state;
    kept = answer;
  }
  last = kept;
  return sum;
};
export const decodeRecords = (rounds: number): number => {
  let sum = 0;
  let kept: DomainStateAnswer | undefined;
  for (let i = 0; i < rounds; i += 1) {
    viewAnswer[4] = stateOf(i);
    const answer = getDomainState.decode(view.bytes);
    sum ^= answer.state;
    kept = answer;
  }
  last = kept;
  return sum;
};

/** What was decoded last. */
export const lastAnswer = (): DomainStateAnswer | undefined => last;

/** Lets the view's buffer hold an answered call. */
export const answerView = (call: Uint8Array): void => {
  view.bytes.set(call);
};
