import type { Program } from "./program.ts";
import type { Property } from "./properties.ts";

/** Programs for which all properties hold, in every order. */
export const SOUND: readonly Program[] = [
  {
    name: "a domid is reused",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["destroy 1", "create 1"]],
  },
  {
    name: "one ends while another begins",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1", "destroy 1"], ["create 2"]],
  },
  {
    name: "two CPUs destroy the same domain",
    consumer: "tracker",
    hypervisor: { teardownSteps: 1 },
    before: ["create 1"],
    cpus: [["destroy 1"], ["destroy 1"]],
  },
  {
    name: "two domids, one reused",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [["destroy 1", "create 1"], ["shutdown 2"]],
  },
  {
    name: "the consumer is killed",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1"], ["crash"]],
  },
  {
    name: "the consumer starts again by itself while a domid is reused",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["destroy 1", "create 1"], ["resync"]],
  },
  {
    name: "another process binds the VIRQ while the consumer starts again",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1"], ["bind by 0"], ["resync"]],
  },
  {
    name: "a domain resumes while another CPU destroys it",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["shutdown 1", "resume 1", "shutdown 1"], ["destroy 1"]],
  },
  {
    name: "the handler is moved and moved back while the consumer starts again",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["set-handler 1", "set-handler 0"], ["resync", "resync"], ["shutdown 1"]],
  },
  {
    name: "a rival's bind fails while the handler is moved and moved back",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["set-handler 1", "set-handler 0"], ["bind by 0"], ["resync"]],
  },
  {
    name: "a guest drains and asks",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [["shutdown 1"], ["drain by 2", "query 1 by 2"]],
  },
  {
    name: "the consumer is killed while a domid is reused",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["destroy 1", "create 1"], ["crash"]],
  },
  {
    name: "the consumer is killed while one CPU destroys and another creates",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [["destroy 1"], ["create 2"], ["crash"]],
  },
  {
    name: "three CPUs, three domids",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [["destroy 1"], ["shutdown 2"], ["create 3"]],
  },
  {
    name: "a consumer by hand, without a mistake",
    consumer: "by hand",
    before: ["create 1"],
    cpus: [["destroy 1", "create 1"]],
  },
];

/** Twelve operations on two domids by three CPUs and one restart. Explored by `npm run explore`, not by the tests. */
export const LARGE: readonly Program[] = [
  {
    name: "both domids are reused while the consumer is killed and guests ask",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [
      ["shutdown 1", "destroy 1", "create 1", "shutdown 1"],
      ["destroy 2", "create 2", "shutdown 2", "destroy 2"],
      ["drain by 1", "query 2 by 1", "crash", "query 1 by 2"],
    ],
  },
];

/** More of this size: explored by `npm run explore -- --deep`. */
export const DEEP: readonly Program[] = [
  {
    name: "the handler is moved and moved back while the consumer starts again",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [
      ["shutdown 1", "destroy 1", "create 1", "shutdown 1"],
      ["set-handler 2", "set-handler 0", "shutdown 2", "resume 2"],
      ["resync", "resync", "query 1 by 2", "drain by 2"],
    ],
  },
  {
    name: "another process binds the VIRQ while the consumer starts again",
    consumer: "tracker",
    before: ["create 1", "create 2"],
    cpus: [
      ["shutdown 1", "destroy 1", "create 1", "shutdown 1"],
      ["shutdown 2", "resume 2", "shutdown 2", "destroy 2"],
      ["bind by 0", "bind by 0", "resync", "query 1 by 2"],
    ],
  },
  {
    name: "one domid is reused twice, the other comes and goes, and the consumer is killed",
    consumer: "tracker",
    before: ["create 1"],
    cpus: [
      ["destroy 1", "create 1", "destroy 1", "create 1"],
      ["create 2", "shutdown 2", "destroy 2", "create 2"],
      ["query 2 by 1", "crash", "drain by 2", "query 1 by 2"],
    ],
  },
];

/** A program with one switch on, and the property that it must break. */
export interface Switch {
  readonly name: string;
  readonly breaks: Property;
  readonly program: Program;
}

export const SWITCHES: readonly Switch[] = [
  {
    name: "Xen's drain order",
    breaks: "no lost change",
    program: {
      name: "drain-order",
      consumer: "tracker",
      hypervisor: { drainOrder: "lookup-first" },
      before: ["create 1"],
      cpus: [["destroy 1", "create 1"]],
    },
  },
  {
    name: "a failed bind ends the recording (XSA-496)",
    breaks: "no invention",
    program: {
      name: "failed-bind",
      consumer: "tracker",
      hypervisor: { failedBind: "stops-recording" },
      before: ["create 1"],
      cpus: [["bind by 0"], ["resync"]],
    },
  },
  {
    name: "the VIRQ before the mark",
    breaks: "mark before notice",
    program: {
      name: "virq-first",
      consumer: "tracker",
      hypervisor: { noticeOrder: "virq-first" },
      before: ["create 1"],
      cpus: [["shutdown 1"]],
    },
  },
  {
    name: "a consumer that unmasks before it drains",
    breaks: "no lost change",
    program: {
      name: "unmask-first",
      consumer: "unmasks before it drains",
      before: ["create 1", "create 2"],
      cpus: [["destroy 1", "shutdown 2"]],
    },
  },
  {
    name: "a consumer that takes one drain step per VIRQ",
    breaks: "no lost change",
    program: {
      name: "one-step",
      consumer: "one drain step per VIRQ",
      before: ["create 1", "create 2"],
      cpus: [["shutdown 1", "shutdown 2"]],
    },
  },
  {
    name: "a consumer that trusts domids without ids",
    breaks: "no lost reuse",
    program: {
      name: "no-ids",
      consumer: "trusts domids without ids",
      before: ["create 1"],
      cpus: [["destroy 1", "create 1"]],
    },
  },
  {
    name: "a consumer that asks for every domain",
    breaks: "bounded work",
    program: {
      name: "asks-all",
      consumer: "asks for every domain",
      before: ["create 1"],
      cpus: [["shutdown 1"]],
    },
  },
];
