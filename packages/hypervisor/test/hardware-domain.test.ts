import { SHUTDOWN } from "@xenkit/abi";
import { createHypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { query } from "./calls.ts";

describe("the hardware domain", () => {
  test("takes with it what was put off: nothing is carried out on a host that is down", () => {
    const later: (() => void)[] = [];
    const host = createHypervisor({ schedule: (step) => later.push(step) });
    host.createDomain();
    host.destroyDomain(1);
    host.shutdownDomain(0);
    const before = host.dump();
    for (const step of later) step();
    expect(host.dump()).toEqual(before);
  });

  test("is told to be down once, also when that state is loaded again", () => {
    const host = createHypervisor();
    let told = 0;
    host.onDown(() => {
      told += 1;
    });
    host.shutdownDomain(0);
    host.load(host.dump());
    expect([told, host.down]).toEqual([1, SHUTDOWN.poweroff]);
  });

  test("takes the host down without telling who has ended its listening", () => {
    const host = createHypervisor();
    const told: string[] = [];
    const end = host.onDown(() => told.push("first"));
    host.onDown(() => told.push("second"));
    end();
    host.shutdownDomain(0);
    expect(told).toEqual(["second"]);
  });

  test("takes the host down when it shuts down", () => {
    const host = createHypervisor();
    const reasons: number[] = [];
    host.onDown((reason) => reasons.push(reason));
    host.shutdownDomain(0, SHUTDOWN.reboot);
    expect([reasons, host.down]).toEqual([[SHUTDOWN.reboot], SHUTDOWN.reboot]);
    expect(() => query(host, 0, 0)).toThrow(expect.objectContaining({ code: "host-down" }));
    expect(() => host.createDomain()).toThrow(expect.objectContaining({ code: "host-down" }));
  });
});
