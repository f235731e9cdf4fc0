import { type DomainChange, DomainTracker, openXenmanage, type Xenmanage } from "@xenkit/xenmanage";
import { OnePort, type Script, scripted } from "./scripted.ts";

/** A change in one line: `shutdown 5#7 3`, the domid, the unique id (of both, when replaced) and the state. */
export const line = (change: DomainChange): string => {
  const { domid, state } = change.domain;
  const old = change.kind === "replaced" ? `${change.previous.uniqueId}→` : "";
  const { uniqueId } = change.kind === "gone" ? change.previous : change.domain;
  return `${change.kind} ${domid}#${old}${uniqueId} ${state}`;
};

export interface Setup {
  readonly script: Script;
  readonly port: OnePort;
  readonly errors: unknown[];
  /** Every change, as {@link line} shows it. */
  readonly told: string[];
  readonly manage: Xenmanage;
  readonly tracker: DomainTracker;
}

/** A tracker over a script, and all that it says. */
export const setup = (options: { readonly drainLimit?: number } = {}): Setup => {
  const script = scripted();
  const port = new OnePort();
  const errors: unknown[] = [];
  const told: string[] = [];
  const manage = openXenmanage({ hypercall: script.hypercall });
  const tracker = new DomainTracker({
    manage,
    events: port,
    onError: (error) => errors.push(error),
    ...options,
  });
  tracker.onChange((change) => told.push(line(change)));
  return { script, port, errors, told, manage, tracker };
};
