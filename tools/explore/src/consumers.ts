import { STATE, VIRQ } from "@xenkit/abi";
import { type DomainInfo, DomainTracker, openXenmanage, type Xenmanage } from "@xenkit/xenmanage";
import type { Consumer, MakeConsumer, Surroundings } from "./consumer.ts";

/** The real one. */
const tracker: MakeConsumer = ({ hypercall, events, tell, onError }) => {
  const real = new DomainTracker({ manage: openXenmanage({ hypercall }), events, onError });
  real.onChange(tell);
  return {
    start: () => real.start(),
    resync: () => real.resync(),
    snapshot: () => real.snapshot(),
  };
};

/** How a consumer written by hand differs from a right one. */
interface Mistakes {
  readonly order: "drain-then-unmask" | "unmask-then-drain";
  readonly drain: "to-the-end" | "one-step";
  readonly reuse: "by-id" | "by-domid";
  readonly asks: "changed" | "all";
}

/** A consumer as one would write it in a hurry. */
const byHand =
  (mistakes: Partial<Mistakes>): MakeConsumer =>
  (surroundings) =>
    handmade(surroundings, {
      order: "drain-then-unmask",
      drain: "to-the-end",
      reuse: "by-id",
      asks: "changed",
      ...mistakes,
    });

const handmade = (surroundings: Surroundings, mistakes: Mistakes): Consumer => {
  const { hypercall, events, tell, onError } = surroundings;
  const manage: Xenmanage = openXenmanage({ hypercall });
  const table = new Map<number, DomainInfo>();
  let port = 0;
  let busy = false;

  const enter = (answer: DomainInfo): void => {
    const { domid } = answer;
    const known = table.get(domid);
    if ((answer.state & STATE.exist) === 0) {
      table.delete(domid);
      if (known !== undefined) tell({ kind: "gone", domain: answer, previous: known });
      return;
    }
    // A domid that is known is taken for the same domain: its id stays the first one.
    const isSame = mistakes.reuse === "by-domid" || known?.uniqueId === answer.uniqueId;
    const uniqueId = isSame && known !== undefined ? known.uniqueId : answer.uniqueId;
    const domain = { ...answer, uniqueId };
    table.set(domid, domain);
    if (known === undefined) tell({ kind: "appeared", domain });
    else if (!isSame) tell({ kind: "replaced", domain, previous: known });
    else if ((domain.state & ~known.state & STATE.dead) !== 0)
      tell({ kind: "dead", domain, previous: known });
    else if ((domain.state & ~known.state & STATE.shutdown) !== 0)
      tell({ kind: "shutdown", domain, previous: known });
  };
  const drain = (oneStep: boolean): void => {
    if (mistakes.asks === "all") {
      for (const { domid } of [...table.values()]) manage.getDomainInfo(domid);
    }
    for (
      let answer = manage.pollChangedDomain();
      answer !== undefined;
      answer = manage.pollChangedDomain()
    ) {
      enter(answer);
      if (oneStep) return;
    }
  };
  const onEvent = (): void => {
    // "The port is masked while we drain": true only for who unmasks after the drain.
    if (busy) return;
    try {
      events.clearPending(port);
      if (mistakes.order === "unmask-then-drain") events.unmask(port);
      busy = true;
      drain(mistakes.drain === "one-step");
      busy = false;
      if (mistakes.order === "drain-then-unmask") events.unmask(port);
    } catch (error) {
      onError(error);
    }
  };
  const start = (): void => {
    port = events.bindVirq(VIRQ.domExc, 0);
    events.onPort(port, onEvent);
    // What comes now stays pending until the mask is cleared.
    busy = true;
    drain(false);
    busy = false;
    events.unmask(port);
  };
  return {
    start,
    resync: () => {
      events.close(port);
      start();
    },
    snapshot: () => [...table.values()].sort((a, b) => a.domid - b.domid),
    get more() {
      return `${busy}`;
    },
  };
};

export type ConsumerName =
  | "tracker"
  | "by hand"
  | "unmasks before it drains"
  | "one drain step per VIRQ"
  | "trusts domids without ids"
  | "asks for every domain";

/** The consumers that there are. `by hand` has no mistake: the others differ from it in one. */
export const CONSUMERS: Readonly<Record<ConsumerName, MakeConsumer>> = {
  tracker,
  "by hand": byHand({}),
  "unmasks before it drains": byHand({ order: "unmask-then-drain" }),
  "one drain step per VIRQ": byHand({ drain: "one-step" }),
  "trusts domids without ids": byHand({ reuse: "by-domid" }),
  "asks for every domain": byHand({ asks: "all" }),
};
