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

  const cases: [string, string, unknown, string][] = [
    ["another version", "version", 2, "state.version is not an integer from 1 to 1"],
    ["another release", "release", "4.21", "state.release is not one of 4.22"],
    [
      "another kind of unique ids",
      "uniqueIds.policy",
      "xorshift",
      "state.uniqueIds.policy is not one of sequence",
    ],
    [
      "a capability past 16 bits",
      "domains.1.caps",
      0x10000,
      "state.domains[1].caps is not an integer from 0 to 65535",
    ],
    [
      "an ssidref past 32 bits",
      "domains.1.config.ssidref",
      2 ** 32,
      "state.domains[1].config.ssidref is not an integer from 0 to 4294967295",
    ],
    [
      "more teardown steps than one loop takes",
      "domains.1.teardownSteps",
      0x1_0000,
      "state.domains[1].teardownSteps is not an integer from 0 to 65535",
    ],
    [
      "a domid below 0",
      "domains.1.domid",
      -1,
      "state.domains[1].domid is not an integer from 0 to 32751",
    ],
    ["a domid twice", "domains.1.domid", 0, "state.domains[1] has the domid of another"],
    [
      "a unique id twice",
      "domains.1.uniqueId",
      "0x1",
      "state.domains[1] has the unique id of another",
    ],
    [
      "a unique id of 0",
      "domains.1.uniqueId",
      "0x0",
      "state.domains[1].uniqueId is 0, which means no domain",
    ],
    [
      "a unique id past 64 bits",
      "domains.1.uniqueId",
      `0x1${"0".repeat(16)}`,
      "state.domains[1].uniqueId is not a 64-bit number in hexadecimal digits",
    ],
    [
      "a handle that is a list",
      "domains.1.config.handle",
      [],
      "state.domains[1].config.handle is not 16 bytes in hexadecimal digits",
    ],
    [
      "a reserved domid",
      "domains.1.domid",
      0x7ff0,
      "state.domains[1].domid is not an integer from 0 to 32751",
    ],
    [
      "a hardware domain that is not there",
      "hardware",
      77,
      "state.hardware is no domain of this state",
    ],
    [
      "a handler that is not there",
      "virqHandlers.0.1",
      77,
      "state.virqHandlers[0][1] is no domain of this state",
    ],
    [
      "a target that is not there",
      "domains.3.target",
      77,
      "state.domains[3].target is no domain of this state",
    ],
    [
      "a domain that is its own target",
      "domains.3.target",
      3,
      "state.domains[3].target is the domain itself",
    ],
    [
      "a channel with one end",
      "domains.2.ports.0.remotePort",
      9,
      "state port 2 of domain 0 has no other end",
    ],
    [
      "a port past the limit",
      "domains.2.ports.0.number",
      1024,
      "state.domains[2].ports[0].number is not an integer from 1 to 1023",
    ],
    [
      "a pending port that is closed",
      "domains.2.pending",
      [9],
      "state.domains[2].pending[0] is no open port",
    ],
    [
      "an event for a closed port",
      "deliveries",
      [[2, 9]],
      "state.deliveries[0][1] is no open port",
    ],
    [
      "marks while the VIRQ is not bound",
      "domains.0",
      unbound,
      "state.changed must be there exactly while VIRQ_DOM_EXC is bound",
    ],
    [
      "no marks while it is bound",
      "changed",
      null,
      "state.changed must be there exactly while VIRQ_DOM_EXC is bound",
    ],
    [
      "a mark past the domids",
      "changed.0",
      0x7ff0,
      "state.changed[0] is not an integer from 0 to 32751",
    ],
    [
      "a domain both there and in limbo",
      "limbo",
      [2],
      "state.limbo[0] is the domid of a domain that is there",
    ],
    [
      "a dead domain that nobody holds",
      "mappings",
      [],
      "state domain 1 is dead and nobody holds it",
    ],
    [
      "a dead domain that has not given up its ports",
      "domains.4.life",
      2,
      "state.domains[4] is dead and has ports, grants or pages",
    ],
    [
      "a dead domain that has not given up its pages",
      "domains.1.pages",
      [[5, ""]],
      "state.domains[1] is dead and has ports, grants or pages",
    ],
    ["a dead device model", "domains.1.target", 2, "state.domains[1].target is of a dead domain"],
    ["a dead mapper", "mappings.0.mapper", 1, "state.mappings[0].mapper is dead"],
    ["a dead handler", "virqHandlers.0.1", 1, "state.virqHandlers[0][1] is dead"],
    [
      "a handler of a VIRQ that each vCPU has",
      "virqHandlers.0.0",
      VIRQ.timer,
      "state.virqHandlers[0][0] is no global VIRQ",
    ],
    [
      "VIRQ_DOM_EXC bound by another than its handler",
      "virqHandlers.0.0",
      VIRQ.domExc,
      "state domain 0 has VIRQ_DOM_EXC bound and does not handle it",
    ],
    [
      "a global VIRQ on another vCPU than 0",
      "domains.4.ports.0.vcpu",
      1,
      "state.domains[4].ports[0].vcpu is not an integer from 0 to 0",
    ],
    [
      "a hardware domain without the capability",
      "hardware",
      3,
      "state.hardware is no living domain with the hardware capability",
    ],
    [
      "a reason without a shutdown",
      "domains.3.shutdownReason",
      5,
      "state.domains[3].shutdownReason is not an integer from -1 to -1",
    ],
    [
      "a shutdown without a reason",
      "domains.2.shutdownReason",
      -1,
      "state.domains[2].shutdownReason is not an integer from 0 to 255",
    ],
    [
      "a last unique id that others have passed",
      "uniqueIds.last",
      "0x4",
      "state.uniqueIds.last comes before the id of domain 4",
    ],
    [
      "a port that waits twice",
      "deliveries",
      [...state.deliveries, ...state.deliveries],
      "state.deliveries[2] waits already",
    ],
    ["a handle twice", "mappings.1.handle", 1, "state.mappings[1] has the handle of another"],
    [
      "a handle past 32 bits",
      "mappings.1.handle",
      2 ** 32,
      "state.mappings[1].handle is not an integer from 1 to 4294967295",
    ],
    [
      "more vCPUs than configured",
      "domains.2.vcpus",
      2,
      "state.domains[2].vcpus is not an integer from 0 to 1",
    ],
    [
      "a page of another size",
      "mappings.0.page",
      "00",
      "state.mappings[0].page is not 4096 bytes in hexadecimal digits",
    ],
    ["a pair of three", "virqHandlers.0", [2, 4, 4], "state.virqHandlers[0] is no pair"],
    ["a pair of one", "virqHandlers.0", [2], "state.virqHandlers[0] is no pair"],
    ["a pair of none", "virqHandlers.0", [], "state.virqHandlers[0] is no pair"],
    ["a page without its bytes", "domains.2.pages.0", [5], "state.domains[2].pages[0] is no pair"],
    ["a page that is nothing", "domains.2.pages.0", [], "state.domains[2].pages[0] is no pair"],
    [
      "a grant without its page",
      "domains.2.grants.0",
      [1],
      "state.domains[2].grants[0] is no pair",
    ],
    ["a grant that is nothing", "domains.2.grants.0", [], "state.domains[2].grants[0] is no pair"],
    [
      "a grant past the table",
      "domains.2.grants.0.0",
      64 * 512,
      "state.domains[2].grants[0][0] is not an integer from 0 to 32767",
    ],
    [
      "a port twice",
      "domains.3.ports",
      [port(2), port(2)],
      "state.domains[3].ports[1] is open already",
    ],
    [
      "a VIRQ bound twice",
      "domains.3.ports",
      [virq(2), virq(3)],
      "state.domains[3].ports[1] binds a VIRQ again",
    ],
    [
      "a handler of no VIRQ",
      "virqHandlers.0.0",
      24,
      "state.virqHandlers[0][0] is not an integer from 0 to 23",
    ],
    [
      "an id with a tail",
      "domains.2.uniqueId",
      "0x12x",
      "state.domains[2].uniqueId is not a 64-bit number in hexadecimal digits",
    ],
    [
      "an id with a head",
      "domains.2.uniqueId",
      "x0x12",
      "state.domains[2].uniqueId is not a 64-bit number in hexadecimal digits",
    ],
    [
      "a page with a tail",
      "mappings.0.page",
      `${"00".repeat(4095)}0x`,
      "state.mappings[0].page is not 4096 bytes in hexadecimal digits",
    ],
    [
      "a page with a head",
      "mappings.0.page",
      `x0${"00".repeat(4095)}`,
      "state.mappings[0].page is not 4096 bytes in hexadecimal digits",
    ],
    [
      "a hardware domain that is dying",
      "domains.0.life",
      1,
      "state.hardware is no living domain with the hardware capability",
    ],
    ["a domain too many", "domains.5", extra, "state.domains are too many"],
  ];

  test.each(cases)("%s is refused", (_why, path, value, says) => {
    const refusal = refusalOf(withValue(state, path.split("."), value));
    expect(`${refusal.path} ${refusal.reason}`).toBe(says);
  });

  test("is refused where the walk of unique ids would begin again beside domains that have one", () => {
    const host = createHypervisor({ uniqueIds: "xorshift" });
    const again = withValue(throughJson(host), ["uniqueIds", "last"], "0x0");
    expect(() => host.load(again)).toThrow("state.uniqueIds.last, reason: comes before the id");
  });

  describe("has ports of vCPUs", () => {
    const host = createHypervisor();
    const guest = host.eventChannels(host.createDomain({ vcpus: 2 }));
    guest.allocUnbound(0);
    guest.bindIpi(1);
    guest.bindVirq(VIRQ.timer, 1);
    guest.bindVirq(VIRQ.argo);
    const good = throughJson(host);

    test("only where it is an IPI, or a VIRQ that each vCPU has", () => {
      const copy = createHypervisor();
      copy.load(good);
      expect(copy.dump()).toEqual(good);
    });

    test.each([
      { port: 0, vcpu: 1, most: 0 },
      { port: 1, vcpu: 2, most: 1 },
      { port: 2, vcpu: 2, most: 1 },
      { port: 3, vcpu: 1, most: 0 },
    ])("or is refused: ports[$port] on vCPU $vcpu", ({ port: at, vcpu, most }) => {
      const place = ["domains", 1, "ports", at, "vcpu"];
      expect(refusalOf(withValue(good, place, vcpu))).toEqual({
        path: `state.domains[1].ports[${at}].vcpu`,
        reason: `is not an integer from 0 to ${most}`,
      });
    });
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
