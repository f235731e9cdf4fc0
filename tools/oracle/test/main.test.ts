import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { available, connectSocket, startDaemon } from "@xenkit/oracle";
import { describe, expect, test } from "vitest";
import { ask, KINDS, runs, until } from "./support.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

interface Ready {
  readonly pid: number;
  readonly kind: string;
  readonly xenstored: string;
}

const start = async (
  ...args: readonly string[]
): Promise<{ program: ChildProcess; ready: Ready }> => {
  const program = spawn(process.execPath, ["--conditions=@xenkit/source", MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [line] = (await once(program.stdout as NonNullable<ChildProcess["stdout"]>, "data")) as [
    Buffer,
  ];
  const ready = JSON.parse(line.toString().replace(/^ready /, "")) as Ready;
  return { program, ready };
};

describe.runIf(available())("npm run oracle", () => {
  test.each(KINDS)("runs the %s daemon until SIGTERM", async (kind) => {
    const { program, ready } = await start(kind);
    expect(ready.kind).toBe(kind);
    await using dom0 = await connectSocket(ready.xenstored);
    expect(await ask(dom0, "read", "/\0")).toBe("");
    program.kill("SIGTERM");
    expect(await once(program, "exit")).toEqual([0, null]);
    expect(runs(ready.pid)).toBe(false);
    expect(existsSync(dirname(ready.xenstored))).toBe(false);
  });

  test.each(KINDS)(
    "takes the %s daemon along when it is killed; the next one tidies up",
    async (kind) => {
      const { program, ready } = await start(kind);
      program.kill("SIGKILL");
      // Until it is reaped it is there.
      await once(program, "exit");
      await until(() => !runs(ready.pid));
      const folder = dirname(ready.xenstored);
      await using other = await startDaemon({ kind });
      expect(existsSync(folder)).toBe(false);
      expect(existsSync(other.socketPath)).toBe(true);
    },
  );

  test("tells when the daemon ends by itself", async () => {
    const { program, ready } = await start("c");
    process.kill(ready.pid, "SIGKILL");
    const said = String(await once(program.stderr as NonNullable<ChildProcess["stderr"]>, "data"));
    expect(said).toContain("the daemon ended (SIGKILL)");
    expect(await once(program, "exit")).toEqual([1, null]);
    expect(existsSync(dirname(ready.xenstored))).toBe(false);
  });

  test("tells how it is used", async () => {
    const program = spawn(process.execPath, ["--conditions=@xenkit/source", MAIN, "rust"], {
      stdio: "ignore",
    });
    expect(await once(program, "exit")).toEqual([2, null]);
  });
});
