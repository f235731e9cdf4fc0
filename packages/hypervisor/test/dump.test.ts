import { CAPS, CDF, DOMCTL, EVTCHNSTAT, VIRQ } from "@xenkit/abi";
import {
  createHypervisor,
  type Hypervisor,
  type HypervisorState,
  isHypervisorError,
} from "@xenkit/hypervisor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { domctl, drained, listen } from "./calls.ts";
import { operations, perform } from "./random-operations.ts";

const throughJson = (host: Hypervisor): HypervisorState => JSON.parse(JSON.stringify(host.dump()));

/** A host with one of everything. */
const rich = (options = {}): Hypervisor => {
  const host = createHypervisor(options);
  for (let domid = 1; domid <= 4; domid += 1) host.createDomain();
  listen(host);
  host.mapForeignPage(0, 1, 3).page[1] = 0xee;
  host.ringPage(1).fill(7);
  host.mapGrant(0, 1, 1);
  host.setTarget(3, 2);
  host.setVirqHandler(4, VIRQ.console);
  host.eventChannels(4).bindVirq(VIRQ.console);
  const port = host.eventChannels(2).allocUnbound(0);
  host.eventChannels(0).bindInterdomain(2, port);
  host.eventChannels(0).mask(1);
  host.shutdownDomain(2, 1);
  host.destroyDomain(1);
  host.ringPage(2).fill(8);
  const channels = host.eventChannels(3);
  channels.close(channels.allocUnbound(channels.bindVirq(VIRQ.timer)));
  channels.bindIpi();
  channels.close(1);
  return host;
};

/** The same, with an event that waits to be delivered and a domid that waits to be free. */
const unfinished = (): Hypervisor => {
  const host = rich({ schedule: () => {}, deliver: () => {} });
  host.createDomain();
  host.destroyDomain(5);
  host.eventChannels(3).notify(2);
  return host;
};

describe("dump and load", () => {
  test("give the same host", () => {
    const state = throughJson(rich());
    const copy = createHypervisor();
    copy.load(state);
    expect(copy.dump()).toEqual(state);
    expect(copy.domains()).toEqual(rich().domains());
    expect(drained(copy).map(([domid]) => domid)).toEqual([1, 2]);
  });

  test("keep shared pages shared, also those of a dead owner", () => {
    const copy = createHypervisor();
    copy.load(throughJson(rich()));
    expect(copy.mappedPage(1)[1]).toBe(0xee);
    expect(copy.mappedPage(2)[9]).toBe(7);
    copy.unmap(1);
    expect(copy.domain(1)).toBeDefined();
    copy.unmap(2);
    expect(copy.domain(1)).toBeUndefined();
  });

  test("keep the pages of the living shared, and who maps its own page free to go", () => {
    const host = createHypervisor();
    host.createDomain();
    host.mapForeignPage(0, 1, 5).page.fill(3);
    host.grantAccess(1, 3, { grantee: 1, gfn: 5, access: "read-write" });
    host.mapGrant(1, 1, 3);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    for (const handle of [1, 2]) expect(copy.mappedPage(handle)).toBe(copy.guestPage(1, 5));
    expect(copy.domain(1)?.references).toBe(1);
    copy.unmap(1);
    copy.destroyDomain(1);
    expect(copy.domain(1)).toBeUndefined();
  });

  test("keep what two have mapped of a dead domain one page", () => {
    const host = createHypervisor();
    host.createDomain();
    host.createDomain({ caps: CAPS.control });
    for (const mapper of [0, 2]) host.mapForeignPage(mapper, 1, 5).page.fill(3);
    host.mapForeignPage(0, 1, 6);
    host.destroyDomain(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    expect(copy.mappedPage(2)).toBe(copy.mappedPage(1));
    expect([copy.mappedPage(1)[0], copy.mappedPage(3)[0]]).toEqual([3, 0]);
  });

  test("say what a domain was made with when nothing was said, and its memory in hexadecimal digits", () => {
    const host = createHypervisor();
    host.createDomain();
    domctl(host, 0, DOMCTL.maxMem, 1, 0xabcdef, 0);
    expect(host.dump().domains[1]).toMatchObject({
      config: { ssidref: 0, flags: CDF.hvm | CDF.hap, maxVcpus: 1, maxEvtchnPort: 1023 },
      caps: 0,
      vcpus: 1,
      pauseCount: 1,
      maxMemKb: "0xabcdef",
    });
    expect(host.dump().domains[0]).toMatchObject({ config: { flags: CDF.oosOff }, pauseCount: 0 });
  });

  test("keep how often a domain is held by name", () => {
    const host = createHypervisor();
    host.createDomain();
    expect(host.dump().domains[1]).toMatchObject({ heldReferences: 0, maxMemKb: "0x0" });
    host.holdReference(1);
    host.holdReference(1);
    host.releaseReference(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    copy.releaseReference(1);
    expect(() => copy.releaseReference(1)).toThrow("EINVAL");
  });

  test("keep handles of domains good, whatever the unique id", () => {
    const host = createHypervisor({ firstUniqueId: 0x8000_0002_8000_0001n });
    const dom0 = host.eventChannels(0);
    host.load(throughJson(host));
    expect(dom0.bindIpi()).toBe(1);
  });

  test("forget what the old state had put off", () => {
    const later: (() => void)[] = [];
    const host = createHypervisor({ schedule: (step) => later.push(step) });
    const before = throughJson(host);
    host.createDomain();
    host.destroyDomain(1);
    host.load(before);
    host.createDomain({ domid: 1 });
    for (const step of later) step();
    expect(() => host.createDomain({ domid: 1 })).toThrow("EEXIST");
    host.destroyDomain(1);
  });

  test("at any point of any run, the loaded host goes on as the first does", () => {
    fc.assert(
      fc.property(operations(40), operations(25), (before, after) => {
        const options = { uniqueIds: "xorshift", teardownSteps: 1 } as const;
        const first = createHypervisor(options);
        for (const operation of before) perform(first, operation);
        const second = createHypervisor(options);
        second.load(throughJson(first));
        for (const operation of after) {
          expect(perform(second, operation)).toEqual(perform(first, operation));
        }
        expect(second.dump()).toEqual(first.dump());
      }),
      { numRuns: 150 },
    );
  });

  test("finish a free that was put off", () => {
    const host = createHypervisor({ schedule: () => {} });
    host.createDomain();
    host.destroyDomain(1);
    const copy = createHypervisor();
    copy.load(throughJson(host));
    expect(copy.createDomain({ domid: 1 })).toBe(1);
  });

  test("keep a domid in use until a free that was put off again is carried out", () => {
    const host = createHypervisor({ schedule: () => {} });
    host.createDomain();
    host.destroyDomain(1);
    const later: (() => void)[] = [];
    const copy = createHypervisor({ schedule: (step) => later.push(step) });
    copy.load(throughJson(host));
    expect(() => copy.createDomain({ domid: 1 })).toThrow("EEXIST");
    for (const step of later) step();
    expect(copy.createDomain({ domid: 1 })).toBe(1);
  });

  test.each(["0x1", "0xffffffff", "0x100000000", "0xffffffffffffffff"])(
    "keep the unique id %s, one of all that there are",
    (uniqueId) => {
      const state = throughJson(createHypervisor({ firstUniqueId: BigInt(uniqueId) }));
      const copy = createHypervisor();
      copy.load(state);
      expect(copy.domain(0)?.uniqueId).toBe(BigInt(uniqueId));
    },
  );

  test("go on with the ids that come next, also where none was given yet", () => {
    const copy = createHypervisor({ firstUniqueId: 50n });
    copy.load(throughJson(createHypervisor()));
    expect(copy.domain(copy.createDomain())?.uniqueId).toBe(2n);
    copy.load(throughJson(createHypervisor({ dom0Vcpus: false })));
    expect(copy.domain(copy.createDomain())?.uniqueId).toBe(50n);
  });

  test("deliver the events that waited", () => {
    const host = createHypervisor({ deliver: () => {} });
    host.eventChannels(0).notify(host.eventChannels(0).bindIpi());
    const copy = createHypervisor();
    const calls: number[] = [];
    copy.eventChannels(0).onEvent((port) => calls.push(port));
    copy.load(throughJson(host));
    expect(calls).toEqual([1]);
  });
});

describe("a state that is not right", () => {
  const state = throughJson(unfinished());

  const port = (number: number) => ({ ...state.domains[3]?.ports[0], number });
  const virq = (number: number) => ({ ...port(number), kind: EVTCHNSTAT.virq, virq: VIRQ.timer });
  const unbound = {
    ...state.domains[0],
    ports: state.domains[0]?.ports.filter(({ kind }) => kind !== EVTCHNSTAT.virq),
    pending: [],
  };
  const extra = { ...state.domains[4], domid: 9, uniqueId: "0x99", ports: [], pending: [] };

  test("is refused whole, wherever a value is of another kind", () => {
    const host = createHypervisor();
    const before = host.dump();
    for (const path of placesOf(state)) {
      for (const value of [1.5, 2 ** 70, "x", {}, undefined]) {
        expect(() => host.load(withValue(state, path, value))).toThrow(
          expect.objectContaining({ code: "bad-state" }),
        );
      }
    }
    expect(host.dump()).toEqual(before);
  });

  test("is refused with the place, and what may stand there", () => {
    const reasons: Record<string, string[]> = {};
    for (const path of placesOf(state)) {
      const place = path.map((key) => (/^\d+$/.test(`${key}`) ? "[]" : `.${key}`)).join("");
      const { path: where, reason } = refusalOf(withValue(state, path, {}));
      expect(where).toMatch(/^state\b/);
      reasons[place] ??= [];
      if (!reasons[place].includes(reason)) reasons[place].push(reason);
    }
    expect(reasons).toEqual({
      ".version": ["is not an integer from 1 to 1"],
      ".release": ["is not one of 4.22"],
      ".uniqueIds": ["has no field policy"],
      ".uniqueIds.policy": ["is not one of sequence"],
      ".uniqueIds.last": ["is not a 64-bit number in hexadecimal digits"],
      ".domidCursor": ["is not an integer from 0 to 32751"],
      ".hardware": ["is not an integer from 0 to 32751"],
      ".virqHandlers": ["is not an array"],
      ".virqHandlers[]": ["is not an array"],
      ".virqHandlers[][]": ["is not an integer from 0 to 23", "is not an integer from 0 to 32751"],
      ".changed": ["is not an array"],
      ".changed[]": ["is not an integer from 0 to 32751"],
      ".limbo": ["is not an array"],
      ".limbo[]": ["is not an integer from 0 to 32751"],
      ".down": ["is not an integer from 0 to 255"],
      ".nextHandle": ["is not an integer from 1 to 4294967295"],
      ".domains": ["is not an array"],
      ".domains[]": ["has no field uniqueId"],
      ".domains[].domid": ["is not an integer from 0 to 32751"],
      ".domains[].uniqueId": ["is not a 64-bit number in hexadecimal digits"],
      ".domains[].caps": ["is not an integer from 0 to 65535"],
      ".domains[].config": ["has no field ssidref"],
      ".domains[].config.ssidref": ["is not an integer from 0 to 4294967295"],
      ".domains[].config.handle": ["is not 16 bytes in hexadecimal digits"],
      ".domains[].config.flags": ["is not an integer from 0 to 4294967295"],
      ".domains[].config.maxVcpus": ["is not an integer from 1 to 512"],
      ".domains[].config.maxEvtchnPort": ["is not an integer from 0 to 4294967295"],
      ".domains[].config.maxGrantFrames": ["is not an integer from -2147483648 to 2147483647"],
      ".domains[].life": ["is not an integer from 0 to 2"],
      ".domains[].shutdown": ["is not an integer from 0 to 2"],
      ".domains[].shutdownReason": [
        "is not an integer from -1 to -1",
        "is not an integer from 0 to 255",
      ],
      ".domains[].pauseCount": ["is not an integer from 0 to 255"],
      ".domains[].vcpus": ["is not an integer from 0 to 1"],
      ".domains[].maxMemKb": ["is not a 64-bit number in hexadecimal digits"],
      ".domains[].suspendPort": ["is not an integer from -2147483648 to 2147483647"],
      ".domains[].heldReferences": ["is not an integer from 0 to 2147483647"],
      ".domains[].teardownSteps": ["is not an integer from 0 to 2147483647"],
      ".domains[].target": ["is not an integer from 0 to 32751"],
      ".domains[].ports": ["is not an array"],
      ".domains[].ports[]": ["has no field number"],
      ".domains[].ports[].number": [
        "is not an integer from 1 to 131071",
        "is not an integer from 1 to 1023",
      ],
      ".domains[].ports[].kind": ["is not an integer from 1 to 5"],
      ".domains[].ports[].remoteDomid": ["is not an integer from 0 to 65535"],
      ".domains[].ports[].remotePort": ["is not an integer from 0 to 4294967295"],
      ".domains[].ports[].virq": ["is not an integer from 0 to 23"],
      ".domains[].ports[].vcpu": ["is not an integer from 0 to 0"],
      ".domains[].ports[].masked": ["is neither true nor false"],
      ".domains[].pending": ["is not an array"],
      ".domains[].pending[]": [
        "is not an integer from 1 to 131071",
        "is not an integer from 1 to 1023",
      ],
      ".domains[].grants": ["is not an array"],
      ".domains[].pages": ["is not an array"],
      ".domains[].grants[]": ["is not an array"],
      ".domains[].grants[][]": ["is not an integer from 0 to 32767", "has no field grantee"],
      ".domains[].grants[][].grantee": ["is not an integer from 0 to 65535"],
      ".domains[].grants[][].gfn": ["is not an integer from 0 to 9007199254740991"],
      ".domains[].grants[][].access": ["is not one of read-write, read-only"],
      ".domains[].pages[]": ["is not an array"],
      ".domains[].pages[][]": [
        "is not an integer from 0 to 9007199254740991",
        "is not 4096 bytes in hexadecimal digits",
      ],
      ".mappings": ["is not an array"],
      ".mappings[]": ["has no field handle"],
      ".mappings[].handle": ["is not an integer from 1 to 4294967295"],
      ".mappings[].mapper": ["is not an integer from 0 to 32751"],
      ".mappings[].owner": ["is not an integer from 0 to 32751"],
      ".mappings[].ref": ["is not an integer from -1 to 4294967295"],
      ".mappings[].gfn": ["is not an integer from 0 to 9007199254740991"],
      ".mappings[].page": ["is not 4096 bytes in hexadecimal digits"],
      ".deliveries": ["is not an array"],
      ".deliveries[]": ["is not an array"],
      ".deliveries[][]": [
        "is not an integer from 0 to 32751",
        "is not an integer from 1 to 131071",
        "is not an integer from 1 to 1023",
      ],
    });
  });

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

  test.each([null, 5, "state", []])("%j is none at all", (value) => {
    expect(() => createHypervisor().load(value)).toThrow(
      expect.objectContaining({ code: "bad-state" }),
    );
  });
});

/** Why a state is refused. */
const refusalOf = (state: unknown): { readonly path: string; readonly reason: string } => {
  try {
    createHypervisor({ limits: { domains: 5 } }).load(state);
  } catch (error) {
    if (isHypervisorError(error, "bad-state")) return error.details;
    throw error;
  }
  throw new Error("the state was not refused");
};

type Path = readonly (string | number)[];

/** Where every value of a tree is, inner ones included. */
const placesOf = (value: unknown): Path[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [
        [key],
        ...placesOf(inner).map((path) => [key, ...path]),
      ]);

const withValue = (tree: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value;
  const copy = (Array.isArray(tree) ? [...tree] : { ...(tree as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = withValue(copy[key], rest, value);
  return copy;
};
