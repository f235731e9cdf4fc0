import { STATE } from "@xenkit/abi";

/** One moment in the life of a domain: the state that a look-up finds, and whether a mark is set as it begins. */
interface Moment {
  readonly state: number;
  readonly marks: boolean;
}

/**
 * The moments of a domain that is created, perhaps shut down, and destroyed. A state changes first and is marked
 * after: between the two, a mark of an earlier change can be read with the later state.
 */
const momentsOf = (shutDown: boolean): readonly Moment[] => {
  const flag = shutDown ? STATE.shutdown : 0;
  const running = STATE.exist;
  const stopped = running | flag;
  const shutdown = shutDown
    ? [
        { state: stopped, marks: false },
        { state: stopped, marks: true },
      ]
    : [];
  return [
    { state: running, marks: true },
    ...shutdown,
    { state: stopped | STATE.dying, marks: false },
    // DYING and DEAD come from two reads: both, when the state changes between them.
    { state: stopped | STATE.dying | STATE.dead, marks: false },
    { state: stopped | STATE.dead, marks: false },
    { state: stopped | STATE.dead, marks: true },
    { state: 0, marks: false },
    { state: 0, marks: true },
  ];
};

const fits = (
  moments: readonly Moment[],
  states: readonly number[],
  at: number,
  marked: boolean,
): boolean => {
  const moment = moments[at];
  if (moment === undefined) return states.length === 0 && !marked;
  const isMarked = marked || moment.marks;
  const [first, ...rest] = states;
  const taken = isMarked && first === moment.state && fits(moments, rest, at + 1, false);
  return taken || fits(moments, states, at + 1, isMarked);
};

/**
 * Could a thread that drains all the time see these states for the one domid of a domain that is created, perhaps
 * shut down, and destroyed? Each mark gives at most one entry, and the last mark is taken in the end.
 */
export const isPossiblePattern = (states: readonly number[]): boolean =>
  [false, true].some((shutDown) => fits(momentsOf(shutDown), states, 0, false));
