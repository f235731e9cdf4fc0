import { EVTCHNSTAT, VIRQ } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { unfinished } from "./hosts.ts";
import { refusalOf, throughJson, withValue } from "./states.ts";

describe("a state whose parts do not fit each other, or this host", () => {
  const state = throughJson(unfinished());

  const port = (number: number) => ({ ...state.domains[3]?.ports[0], number });
  const virq = (number: number) => ({ ...port(number), kind: EVTCHNSTAT.virq, virq: VIRQ.timer });
  const unbound = {
    ...state.domains[0],
    ports: state.domains[0]?.ports.filter(({ kind }) => kind !== EVTCHNSTAT.virq),
    pending: [],
  };
  const extra = { ...state.domains[4], domid: 9, uniqueId: "0x99", ports: [], pending: [] };

  test.each([
    {
      why: "another version",
      path: ["version"],
      value: 2,
      says: "state.version is not an integer from 1 to 1",
    },
    {
      why: "another release",
      path: ["release"],
      value: "4.21",
      says: "state.release is not one of 4.22",
    },
    {
      why: "another kind of unique ids",
      path: ["uniqueIds", "policy"],
      value: "xorshift",
      says: "state.uniqueIds.policy is not one of sequence",
    },
    {
      why: "a domid twice",
      path: ["domains", 1, "domid"],
      value: 0,
      says: "state.domains[1] has the domid of another",
    },
    {
      why: "a unique id twice",
      path: ["domains", 1, "uniqueId"],
      value: "0x1",
      says: "state.domains[1] has the unique id of another",
    },
    {
      why: "a unique id of 0",
      path: ["domains", 1, "uniqueId"],
      value: "0x0",
      says: "state.domains[1].uniqueId is 0, which means no domain",
    },
    {
      why: "a unique id past 64 bits",
      path: ["domains", 1, "uniqueId"],
      value: `0x1${"0".repeat(16)}`,
      says: "state.domains[1].uniqueId is not a 64-bit number in hexadecimal digits",
    },
    {
      why: "a handle that is a list",
      path: ["domains", 1, "config", "handle"],
      value: [],
      says: "state.domains[1].config.handle is not 16 bytes in hexadecimal digits",
    },
    {
      why: "a reserved domid",
      path: ["domains", 1, "domid"],
      value: 0x7ff0,
      says: "state.domains[1].domid is not an integer from 0 to 32751",
    },
    {
      why: "a hardware domain that is not there",
      path: ["hardware"],
      value: 77,
      says: "state.hardware is no domain of this state",
    },
    {
      why: "a handler that is not there",
      path: ["virqHandlers", 0, 1],
      value: 77,
      says: "state.virqHandlers[0][1] is no domain of this state",
    },
    {
      why: "a target that is not there",
      path: ["domains", 3, "target"],
      value: 77,
      says: "state.domains[3].target is no domain of this state",
    },
    {
      why: "a domain that is its own target",
      path: ["domains", 3, "target"],
      value: 3,
      says: "state.domains[3].target is the domain itself",
    },
    {
      why: "a channel with one end",
      path: ["domains", 2, "ports", 0, "remotePort"],
      value: 9,
      says: "state port 2 of domain 0 has no other end",
    },
    {
      why: "a port past the limit",
      path: ["domains", 2, "ports", 0, "number"],
      value: 1024,
      says: "state.domains[2].ports[0].number is not an integer from 1 to 1023",
    },
    {
      why: "a pending port that is closed",
      path: ["domains", 2, "pending"],
      value: [9],
      says: "state.domains[2].pending[0] is no open port",
    },
    {
      why: "an event for a closed port",
      path: ["deliveries"],
      value: [[2, 9]],
      says: "state.deliveries[0][1] is no open port",
    },
    {
      why: "marks while the VIRQ is not bound",
      path: ["domains", 0],
      value: unbound,
      says: "state.changed must be there exactly while VIRQ_DOM_EXC is bound",
    },
    {
      why: "no marks while it is bound",
      path: ["changed"],
      value: null,
      says: "state.changed must be there exactly while VIRQ_DOM_EXC is bound",
    },
    {
      why: "a mark past the domids",
      path: ["changed", 0],
      value: 0x7ff0,
      says: "state.changed[0] is not an integer from 0 to 32751",
    },
    {
      why: "a domain both there and in limbo",
      path: ["limbo"],
      value: [2],
      says: "state.limbo[0] is the domid of a domain that is there",
    },
    {
      why: "a dead domain that nobody holds",
      path: ["mappings"],
      value: [],
      says: "state domain 1 is dead and nobody holds it",
    },
    {
      why: "a dead domain that has not given up its ports",
      path: ["domains", 4, "life"],
      value: 2,
      says: "state.domains[4] is dead and has ports, grants or pages",
    },
    {
      why: "a dead domain that has not given up its pages",
      path: ["domains", 1, "pages"],
      value: [[5, ""]],
      says: "state.domains[1] is dead and has ports, grants or pages",
    },
    {
      why: "a dead device model",
      path: ["domains", 1, "target"],
      value: 2,
      says: "state.domains[1].target is of a dead domain",
    },
    {
      why: "a dead mapper",
      path: ["mappings", 0, "mapper"],
      value: 1,
      says: "state.mappings[0].mapper is dead",
    },
    {
      why: "a dead handler",
      path: ["virqHandlers", 0, 1],
      value: 1,
      says: "state.virqHandlers[0][1] is dead",
    },
    {
      why: "a handler of a VIRQ that each vCPU has",
      path: ["virqHandlers", 0, 0],
      value: VIRQ.timer,
      says: "state.virqHandlers[0][0] is no global VIRQ",
    },
    {
      why: "VIRQ_DOM_EXC bound by another than its handler",
      path: ["virqHandlers", 0, 0],
      value: VIRQ.domExc,
      says: "state domain 0 has VIRQ_DOM_EXC bound and does not handle it",
    },
    {
      why: "a global VIRQ on another vCPU than 0",
      path: ["domains", 4, "ports", 0, "vcpu"],
      value: 1,
      says: "state.domains[4].ports[0].vcpu is not an integer from 0 to 0",
    },
    {
      why: "a hardware domain without the capability",
      path: ["hardware"],
      value: 3,
      says: "state.hardware is no living domain with the hardware capability",
    },
    {
      why: "a reason without a shutdown",
      path: ["domains", 3, "shutdownReason"],
      value: 5,
      says: "state.domains[3].shutdownReason is not an integer from -1 to -1",
    },
    {
      why: "a shutdown without a reason",
      path: ["domains", 2, "shutdownReason"],
      value: -1,
      says: "state.domains[2].shutdownReason is not an integer from 0 to 255",
    },
    {
      why: "a last unique id that others have passed",
      path: ["uniqueIds", "last"],
      value: "0x4",
      says: "state.uniqueIds.last comes before the id of domain 4",
    },
    {
      why: "a port that waits twice",
      path: ["deliveries"],
      value: [...state.deliveries, ...state.deliveries],
      says: "state.deliveries[2] waits already",
    },
    {
      why: "a handle twice",
      path: ["mappings", 1, "handle"],
      value: 1,
      says: "state.mappings[1] has the handle of another",
    },
    {
      why: "a handle past 32 bits",
      path: ["mappings", 1, "handle"],
      value: 2 ** 32,
      says: "state.mappings[1].handle is not an integer from 1 to 4294967295",
    },
    {
      why: "more vCPUs than configured",
      path: ["domains", 2, "vcpus"],
      value: 2,
      says: "state.domains[2].vcpus is not an integer from 0 to 1",
    },
    {
      why: "a page of another size",
      path: ["mappings", 0, "page"],
      value: "00",
      says: "state.mappings[0].page is not 4096 bytes in hexadecimal digits",
    },
    {
      why: "a pair of three",
      path: ["virqHandlers", 0],
      value: [2, 4, 4],
      says: "state.virqHandlers[0] is no pair",
    },
    {
      why: "a pair of one",
      path: ["virqHandlers", 0],
      value: [2],
      says: "state.virqHandlers[0] is no pair",
    },
    {
      why: "a pair of none",
      path: ["virqHandlers", 0],
      value: [],
      says: "state.virqHandlers[0] is no pair",
    },
    {
      why: "a page without its bytes",
      path: ["domains", 2, "pages", 0],
      value: [5],
      says: "state.domains[2].pages[0] is no pair",
    },
    {
      why: "a page that is nothing",
      path: ["domains", 2, "pages", 0],
      value: [],
      says: "state.domains[2].pages[0] is no pair",
    },
    {
      why: "a grant without its page",
      path: ["domains", 2, "grants", 0],
      value: [1],
      says: "state.domains[2].grants[0] is no pair",
    },
    {
      why: "a grant that is nothing",
      path: ["domains", 2, "grants", 0],
      value: [],
      says: "state.domains[2].grants[0] is no pair",
    },
    {
      why: "a grant past the table",
      path: ["domains", 2, "grants", 0, 0],
      value: 64 * 512,
      says: "state.domains[2].grants[0][0] is not an integer from 0 to 32767",
    },
    {
      why: "a port twice",
      path: ["domains", 3, "ports"],
      value: [port(2), port(2)],
      says: "state.domains[3].ports[1] is open already",
    },
    {
      why: "a VIRQ bound twice",
      path: ["domains", 3, "ports"],
      value: [virq(2), virq(3)],
      says: "state.domains[3].ports[1] binds a VIRQ again",
    },
    {
      why: "a handler of no VIRQ",
      path: ["virqHandlers", 0, 0],
      value: 24,
      says: "state.virqHandlers[0][0] is not an integer from 0 to 23",
    },
    {
      why: "an id with a tail",
      path: ["domains", 2, "uniqueId"],
      value: "0x12x",
      says: "state.domains[2].uniqueId is not a 64-bit number in hexadecimal digits",
    },
    {
      why: "an id with a head",
      path: ["domains", 2, "uniqueId"],
      value: "x0x12",
      says: "state.domains[2].uniqueId is not a 64-bit number in hexadecimal digits",
    },
    {
      why: "a page with a tail",
      path: ["mappings", 0, "page"],
      value: `${"00".repeat(4095)}0x`,
      says: "state.mappings[0].page is not 4096 bytes in hexadecimal digits",
    },
    {
      why: "a page with a head",
      path: ["mappings", 0, "page"],
      value: `x0${"00".repeat(4095)}`,
      says: "state.mappings[0].page is not 4096 bytes in hexadecimal digits",
    },
    {
      why: "a domain too many",
      path: ["domains", 5],
      value: extra,
      says: "state.domains are too many",
    },
  ])("$why is refused", ({ path, value, says }) => {
    const refusal = refusalOf(withValue(state, path, value));
    expect(`${refusal.path} ${refusal.reason}`).toBe(says);
  });

  test("is refused where the walk of unique ids would begin again beside domains that have one", () => {
    const host = createHypervisor({ uniqueIds: "xorshift" });
    const again = withValue(throughJson(host), ["uniqueIds", "last"], "0x0");
    expect(() => host.load(again)).toThrow("state.uniqueIds.last, reason: comes before the id");
  });

  test("is refused where ports are connected in a ring of three", () => {
    const host = createHypervisor();
    for (let domid = 1; domid <= 3; domid += 1) {
      host.eventChannels(host.createDomain()).allocUnbound(0);
    }
    let ring: unknown = throughJson(host);
    for (let domid = 1; domid <= 3; domid += 1) {
      const [open] = host.dump().domains[domid]?.ports ?? [];
      const remoteDomid = (domid % 3) + 1;
      const end = { ...open, kind: EVTCHNSTAT.interdomain, remoteDomid, remotePort: 1 };
      ring = withValue(ring, ["domains", domid, "ports"], [end]);
    }
    expect(refusalOf(ring)).toEqual({
      path: "state",
      reason: "port 1 of domain 1 has no other end",
    });
  });

  test("is refused where it has more pages than this host keeps", () => {
    const host = createHypervisor({ limits: { guestPages: 1 } });
    const [page] = state.domains[2]?.pages ?? [];
    const pages = [page, [7, page?.[1]]];
    expect(() => host.load(withValue(state, ["domains", 2, "pages"], pages))).toThrow(
      "path: state.domains[2].pages[1], reason: is past the limit of 1 pages",
    );
  });
});
