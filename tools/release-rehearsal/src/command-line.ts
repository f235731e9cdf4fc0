import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "@xenkit/pack-check";
import type { Consumer, Released } from "./consumer.ts";
import { must } from "./rehearsal-error.ts";

const XENSTORE_LS = "/usr/bin/xenstore-ls";
const READY_MS = 60_000;

/** `npx xenkit@VERSION up` from the registry serves Debian's xenstore-ls, and ends when told. */
export const checkCommandLine = async (
  { folder, env }: Consumer,
  { name, version }: Released,
): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const args = ["--yes", `${name}@${version}`, "up", "--domains", "2", "--dir", join(folder, "h")];
  const child = spawn("npx", args, {
    cwd: folder,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.on("data", (chunk) => errors.push(String(chunk)));
  const exited = once(child, "exit");
  const killGroup = (signal: NodeJS.Signals = "SIGKILL"): void => {
    try {
      process.kill(-(child.pid ?? 0), signal);
    } catch {
      // it has ended already
    }
  };
  const kill = (): void => killGroup();
  process.once("exit", kill);
  const timer = setTimeout(kill, READY_MS);
  try {
    const ready = await firstLine(child.stdout, /^ready (\{.*\})$/);
    must(ready !== undefined, `npx ${name}@${version} up ended:\n${errors.join("")}`);
    const { xenstored } = JSON.parse(ready) as { xenstored: string };
    await checkStore(xenstored);
    killGroup("SIGTERM");
    await exited;
    must(!existsSync(xenstored), `xenkit left its socket ${xenstored}`);
  } finally {
    clearTimeout(timer);
    process.off("exit", kill);
    killGroup();
  }
};

const checkStore = async (socket: string): Promise<void> => {
  if (!existsSync(XENSTORE_LS)) {
    const what = `${XENSTORE_LS} is missing (apt-get install xenstore-utils)`;
    must(process.env["CI"] !== "true", what);
    process.stderr.write(`skipped: xenstore-ls; ${what}\n`);
    return;
  }
  const tree = await run([XENSTORE_LS, "-f"], {
    cwd: "/",
    env: { XENSTORED_PATH: socket },
    timeoutMs: 20_000,
  });
  for (const domid of [0, 1, 2])
    must(
      tree.includes(`/local/domain/${domid}/name`),
      `xenstore-ls shows no domain ${domid}:\n${tree}`,
    );
};

const firstLine = async (
  stream: NodeJS.ReadableStream,
  pattern: RegExp,
): Promise<string | undefined> => {
  for await (const line of createInterface({ input: stream })) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
};
