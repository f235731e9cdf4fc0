import type { ChangeAnswer } from "./control-protocol.ts";
import { stateText } from "./domain-table.ts";
import { printable } from "./printable.ts";

/** Columns wide enough for nearly everything: lines come one by one, so nothing can be measured first. */
const WIDTH = { time: 24, kind: 8, domid: 5, name: 16, state: 20 } as const;

/** The head over {@link changeLine}s. */
export const changeHead: string = [
  "TIME".padEnd(WIDTH.time),
  "CHANGE".padEnd(WIDTH.kind),
  "DOMID".padStart(WIDTH.domid),
  "NAME".padEnd(WIDTH.name),
  "STATE".padEnd(WIDTH.state),
  "UNIQUE ID",
].join("  ");

/** One change as a line of text. For a domain that is gone, the unique id it had; for a replaced one, both. */
export const changeLine = (change: ChangeAnswer): string =>
  [
    change.time.padEnd(WIDTH.time),
    change.kind.padEnd(WIDTH.kind),
    String(change.domid).padStart(WIDTH.domid),
    printable(change.name ?? "-").padEnd(WIDTH.name),
    stateText(change).padEnd(WIDTH.state),
    uniqueIdText(change),
  ].join("  ");

const uniqueIdText = ({ kind, uniqueId, previousUniqueId }: ChangeAnswer): string => {
  if (kind === "gone") return previousUniqueId ?? uniqueId;
  return kind === "replaced" ? `${previousUniqueId} -> ${uniqueId}` : uniqueId;
};
