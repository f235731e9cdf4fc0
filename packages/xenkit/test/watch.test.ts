import { describe, expect, test } from "vitest";
import { linesOf, outcomeOf, start, startHost, told } from "./support/run-xenkit.ts";

/** A running `xenkit watch` that misses nothing from now on. */
const watching = async (dir: string, ...args: string[]) => {
  const child = start(["watch", "--dir", dir, ...args]);
  const outcome = outcomeOf(child);
  const next = linesOf(child);
  await told(child, /watching the host/);
  return { child, outcome, next };
};

describe("xenkit watch", () => {
  test("prints a line for each change of a domain's life, and ends cleanly at SIGINT", async () => {
    await using host = await startHost();
    const { child, outcome, next } = await watching(host.dir);
    expect(await next()).toMatch(/^TIME +CHANGE +DOMID +NAME +STATE +UNIQUE ID$/);
    await host.run("domain", "create", "--name", "web");
    expect(await next()).toMatch(/^\S+Z +appeared +1 +web +exist +2$/);
    await host.run("domain", "shutdown", "1");
    expect(await next()).toMatch(/^\S+Z +shutdown +1 +web +exist,shutdown +2$/);
    await host.run("domain", "resume", "1");
    expect(await next()).toMatch(/^\S+Z +resumed +1 +web +exist +2$/);
    await host.run("domain", "destroy", "1");
    // Until it hears of the end, the Xenstore daemon holds the page that it shares with the guest.
    expect(await next()).toMatch(/^\S+Z +dead +1 +web +exist,dead +2$/);
    expect(await next()).toMatch(/^\S+Z +gone +1 +web +- +2$/);
    child.kill("SIGINT");
    expect((await outcome).code).toBe(0);
  });

  test("prints JSON lines", async () => {
    await using host = await startHost();
    const { child, outcome, next } = await watching(host.dir, "--json");
    await host.run("domain", "create", "--domid", "9");
    expect(JSON.parse(await next())).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      kind: "appeared",
      domid: 9,
      name: "guest-9",
      state: 1,
      stateNames: ["exist"],
      caps: 0,
      capsNames: [],
      uniqueId: "2",
      previousUniqueId: null,
    });
    child.kill("SIGTERM");
    expect((await outcome).code).toBe(0);
  });

  test("serves many watchers at once", async () => {
    await using host = await startHost();
    const watchers = await Promise.all([1, 2, 3].map(() => watching(host.dir, "--json")));
    await host.run("domain", "create");
    for (const { next } of watchers) expect(JSON.parse(await next())).toMatchObject({ domid: 1 });
    for (const { child } of watchers) child.kill("SIGINT");
    for (const { outcome } of watchers) expect((await outcome).code).toBe(0);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "says that the host went away, by %s, and exits with 1",
    async (signal) => {
      await using host = await startHost();
      const { outcome } = await watching(host.dir);
      await host.stop(signal);
      const { code, stderr } = await outcome;
      expect(code).toBe(1);
      expect(stderr).toContain(`xenkit: the host in ${host.dir} went away\n`);
    },
  );
});
