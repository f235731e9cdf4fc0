import { CAPS, DOMID } from "@xenkit/abi";
import { type Action, createHypervisor, defaultPolicy, type Subject } from "@xenkit/hypervisor";
import { expect, test } from "vitest";
import { query } from "./calls.ts";

const ACTIONS: readonly Action[] = [
  "get_domain_state",
  "getdomaininfo",
  "remote_shutdown",
  "evtchn_alloc_unbound",
  "evtchn_status",
  "map_foreign_page",
  "domctl",
  "evtchn_reset",
];

const target: Subject = { domid: 9, caps: 0, target: undefined };

test.each([
  { who: "a control domain", caps: CAPS.control, may: ACTIONS },
  { who: "the Xenstore domain", caps: CAPS.xenstore, may: ACTIONS.slice(0, 2) },
  { who: "the hardware domain, for that alone,", caps: CAPS.hardware, may: [] },
  { who: "a guest", caps: 0, may: [] },
])("by default $who may do to another: $may", ({ caps, may }) => {
  const caller: Subject = { domid: 1, caps, target: undefined };
  expect(ACTIONS.filter((action) => defaultPolicy(caller, action, target))).toEqual(may);
});

test("by default a device model may look at its target, signal it, map its pages and shut it down", () => {
  const model: Subject = { domid: 1, caps: 0, target };
  const may = (subject: Subject): Action[] =>
    ACTIONS.filter((action) => defaultPolicy(model, action, subject));
  expect(may(target)).toEqual([
    "get_domain_state",
    "remote_shutdown",
    "evtchn_alloc_unbound",
    "evtchn_status",
    "map_foreign_page",
  ]);
  expect(may({ ...target, domid: 8 })).toEqual([]);
});

test("the hypervisor itself, which the next changed domain is asked of, is a target without capabilities", () => {
  const targets: Subject[] = [];
  const host = createHypervisor({
    policy: (_caller, _action, asked) => {
      targets.push(asked);
      return false;
    },
  });
  query(host, 0, DOMID.invalid);
  expect(targets).toEqual([{ domid: DOMID.xen, caps: 0, target: undefined }]);
});
