import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { recording } from "./recordings.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "xenkit replay "));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, ["--conditions=@xenkit/source", main, ...args], { encoding: "utf8" });

const START = '{"step":0,"event":"start","xen_version":"4.22.0","domctl_interface_version":24}\n';
const good = file("good.jsonl", recording("xen-4.22.0/drain-race.jsonl"));

describe("npm run replay", () => {
  test("prints the counts of each file and the invariants, and exits with 0", () => {
    const { status, stdout, stderr } = run(good, good);
    const counts = `${good} (Xen 4.22.0): matched 3 of 25, 22 by invariant\n`;
    expect(stdout.split(counts)).toHaveLength(3);
    expect(stdout).toContain("  possible-pattern 21: what a draining thread saw of one domid is ");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("replays in Xen's own drain order when asked to", () => {
    expect(run("--drain-order", "lookup-first", good).status).toBe(0);
  });

  test("shows the first differences in full, and exits with 1", () => {
    const text = recording("xen-4.22.0/get-domain-state.jsonl").replaceAll(
      '"rc":-3,"err":"ESRCH"',
      '"rc":-2,"err":"ENOENT"',
    );
    const { status, stdout } = run(file("other.jsonl", text), good);
    expect(status).toBe(1);
    expect(stdout).toContain("matched 487 of 528, 11 by invariant, 30 DIFFERENT\n");
    expect(stdout).toContain(
      "  step 5, line 7, b-nonexistent: get_domain_state – no such domain\n    rc: expected -2, actual -3\n",
    );
    expect(stdout).toContain("  … and 25 more\n");
    expect(stdout).toContain("good.jsonl (Xen 4.22.0): matched 3 of 25, 22 by invariant\n");
  });

  test("plays recordings of the Xenstore daemon, and counts their scenarios", () => {
    const message = (type: number, hex: string) => ({ type, req_id: 1, tx_id: 0, hex });
    const scenario = (name: string, value: string): string =>
      [
        { start: {} },
        { conn: "s1", open: "socket" },
        { conn: "s1", send: message(2, Buffer.from("/tool\0").toString("hex")) },
        { conn: "s1", recv: message(2, value) },
      ]
        .map(
          (line, step) =>
            `${JSON.stringify({ scenario: name, step: Math.min(step, 2), ...line })}\n`,
        )
        .join("");
    const same = run(file("same.jsonl", scenario("read", "")));
    expect(same.stdout).toContain("same.jsonl (Xenstore): matched 1 of 1 scenarios\n");
    expect(same.status).toBe(0);
    const other = run(file("differs.jsonl", scenario("read", "") + scenario("other", "41")));
    expect(other.stdout).toContain(
      "(Xenstore): matched 1 of 2 scenarios, 1 DIFFERENT\n  other: 1 differences\n",
    );
    expect(other.status).toBe(1);
    const { status, stderr } = run(file("broken.jsonl", `${scenario("read", "")}{"x"`));
    expect(stderr).toMatch(/broken\.jsonl: line 5: not JSON\n$/);
    expect(status).toBe(2);
  });

  test("exits with 2 for what is no recording, and says where in one line", () => {
    const bad = file("bad.jsonl", `${START}{"op"`);
    const { status, stdout, stderr } = run(good, bad);
    expect(stderr).toMatch(/bad\.jsonl: line 2: not JSON: .*\n$/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ status, counts: stdout.split("matched").length - 1 }).toEqual({
      status: 2,
      counts: 1,
    });
  });

  test.each([
    { args: [], why: "no recording given" },
    { args: [join(directory, "missing.jsonl")], why: "missing.jsonl: cannot be read: ENOENT" },
    { args: ["--dance"], why: "Unknown option '--dance'" },
    { args: ["--drain-order", "any", good], why: "--drain-order is clear-first or lookup-first" },
  ])("exits with 2 when there is nothing to replay: $why", ({ args, why }) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(why);
    expect(status).toBe(2);
  });

  test("says how it is used", () => {
    const { status, stdout } = run("--help");
    expect(stdout).toMatch(/^usage: npm run replay -- .*FILE…$/m);
    expect(status).toBe(0);
  });
});
