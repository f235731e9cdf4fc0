import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DomainAnswer } from "../src/control-protocol.ts";
import { type RunningHost, startHost, xenkit } from "./support/run-xenkit.ts";

let host: RunningHost;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host[Symbol.asyncDispose]());

const done = { code: 0, stdout: "", stderr: "" };

/** Creates one guest for a test. */
const created = async (...args: string[]): Promise<string> => {
  const { code, stdout } = await host.run("domain", "create", ...args);
  expect(code).toBe(0);
  return stdout.trim();
};
const listed = async (domid: string): Promise<DomainAnswer | undefined> =>
  (await host.list()).find((domain) => domain.domid === Number(domid));

describe("xenkit domain list", () => {
  test("prints dom0 as a table", async () => {
    const { stdout } = await host.run("domain", "list");
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/^DOMID +NAME +STATE +CAPS +UNIQUE ID$/),
      expect.stringMatching(/^ +0 +Domain-0 +exist +control,hardware +1$/),
    ]);
  });

  test("prints JSON with all there is to know", async () => {
    const { stdout } = await host.run("domain", "list", "--json");
    expect(JSON.parse(stdout)[0]).toEqual({
      domid: 0,
      name: "Domain-0",
      state: 1,
      stateNames: ["exist"],
      paused: false,
      shutdownReason: null,
      caps: 3,
      capsNames: ["control", "hardware"],
      uniqueId: "1",
    });
  });

  test("says how to start a host where none runs", async () => {
    const dir = scratchFolder();
    expect(await xenkit(["domain", "list", "--dir", dir])).toEqual({
      code: 1,
      stdout: "",
      stderr: `xenkit: no host is running in ${dir}; start one with: xenkit up --dir ${dir}\n`,
    });
  });
});

describe("xenkit domain create", () => {
  test("prints the new domid; the guest has its default name", async () => {
    const domid = await created();
    expect(await listed(domid)).toMatchObject({ name: `guest-${domid}`, stateNames: ["exist"] });
  });

  test("takes a name, a domid and the Xenstore capability", async () => {
    expect(await created("--name", "store", "--domid", "700", "--xenstore")).toBe("700");
    expect(await listed("700")).toMatchObject({ name: "store", capsNames: ["xenstore"] });
  });

  test("creates many, across several requests, with numbered names", async () => {
    const domids = (await created("--name", "load", "--count", "120")).split("\n");
    expect(new Set(domids).size).toBe(120);
    const names = (await host.list()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["load-1", "load-100", "load-101", "load-120"]));
  });

  test("says that a domid is in use", async () => {
    const domid = await created();
    expect(await host.run("domain", "create", "--domid", domid)).toEqual({
      code: 1,
      stdout: "",
      stderr: `xenkit: EEXIST: domid ${domid} is in use\n`,
    });
  });
});

describe("xenkit domain", () => {
  test("pause and unpause show in the list", async () => {
    const domid = await created();
    expect(await host.run("domain", "pause", domid)).toEqual(done);
    expect(await listed(domid)).toMatchObject({ paused: true });
    expect(await host.run("domain", "unpause", domid)).toEqual(done);
    expect(await listed(domid)).toMatchObject({ paused: false });
  });

  test("unpause of a running domain is refused by name", async () => {
    const domid = await created();
    const { code, stderr } = await host.run("domain", "unpause", domid);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `xenkit: EINVAL: domain ${domid} is not paused\n`,
    });
  });

  test("shutdown shows in the list, with each reason", async () => {
    const reasons = ["poweroff", "reboot", "suspend", "crash", "watchdog", "soft-reset"];
    const domids = (await created("--count", String(reasons.length))).split("\n");
    const outcomes = await Promise.all(
      reasons.map((reason, at) =>
        host.run("domain", "shutdown", domids[at] ?? "", "--reason", reason),
      ),
    );
    expect(outcomes).toEqual(reasons.map(() => done));
    const after = (await host.list()).filter(({ domid }) => domids.includes(String(domid)));
    expect(after).toMatchObject(
      reasons.map((shutdownReason) => ({
        state: 3,
        stateNames: ["exist", "shutdown"],
        shutdownReason,
      })),
    );
  });

  test("resume undoes a shutdown", async () => {
    const domid = await created();
    await host.run("domain", "shutdown", domid, "--reason", "suspend");
    expect(await host.run("domain", "resume", domid)).toEqual(done);
    expect(await listed(domid)).toMatchObject({ state: 1, shutdownReason: null });
  });

  test("destroy frees the domid for another domain, with another unique id", async () => {
    const domid = await created();
    const before = await listed(domid);
    expect(await host.run("domain", "destroy", domid)).toEqual(done);
    expect(await listed(domid)).toBeUndefined();
    await created("--domid", domid);
    expect((await listed(domid))?.uniqueId).not.toBe(before?.uniqueId);
  });

  test("destroy tries every domain it is given, and tells every refusal", async () => {
    const domid = await created();
    const { code, stderr } = await host.run("domain", "destroy", "30001", domid, "30002");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "xenkit: ESRCH: there is no domain 30001\nxenkit: ESRCH: there is no domain 30002\n",
    });
    expect(await listed(domid)).toBeUndefined();
  });
});
