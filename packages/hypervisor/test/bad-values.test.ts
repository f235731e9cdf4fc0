import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { unfinished } from "./hosts.ts";
import { placesOf, refusalOf, throughJson, withValue } from "./states.ts";

describe("a state with a value that cannot be there", () => {
  const state = throughJson(unfinished());

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
      ".domains[].teardownSteps": ["is not an integer from 0 to 65535"],
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

  test.each([null, 5, "state", []])("%j is none at all", (value) => {
    expect(() => createHypervisor().load(value)).toThrow(
      expect.objectContaining({ code: "bad-state" }),
    );
  });
});
