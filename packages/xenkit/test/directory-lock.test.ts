import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { afterEach, describe, expect, test } from "vitest";
import { lockDirectory, ownerOf } from "../src/directory-lock.ts";

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process that locks the directory, says how that went in one line, and stays until killed. */
const locker = async (directory: string): Promise<{ child: ChildProcess; said: string }> => {
  const code = `
    import { lockDirectory } from ${JSON.stringify(new URL("../src/directory-lock.ts", import.meta.url).href)};
    setInterval(() => {}, 1000);
    try {
      await lockDirectory(process.argv[1]);
      console.log("locked");
    } catch (error) {
      console.log(error.code + " " + error.details.pid);
    }`;
  const args = ["--input-type=module-typescript", "--eval", code, directory];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { child, said: said.toString().trim() };
};

describe("the lock of a directory", () => {
  test("names its owner while it is held, and nobody afterwards", async () => {
    const directory = scratchFolder();
    expect(ownerOf(directory)).toBeUndefined();
    {
      using _lock = await lockDirectory(directory);
      expect(ownerOf(directory)).toBe(process.pid);
    }
    expect(ownerOf(directory)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("is refused while another process holds it, naming that process", async () => {
    const directory = scratchFolder();
    const { child, said } = await locker(directory);
    expect(said).toBe("locked");
    await expect(lockDirectory(directory)).rejects.toThrow(
      expect.objectContaining({
        code: "already-running",
        details: { directory, pid: child.pid },
        message: expect.stringContaining(`pid ${child.pid}`),
      }),
    );
  });

  test("is free again when its owner was killed", async () => {
    const directory = scratchFolder();
    const { child } = await locker(directory);
    child.kill("SIGKILL");
    await once(child, "exit");
    using _lock = await lockDirectory(directory);
    expect(readdirSync(directory)).toEqual([`owner.${process.pid}`]);
  });

  test("is free when another program has got the dead owner's pid since", async () => {
    const directory = scratchFolder();
    // Process 1 lives, but did not begin when this file says.
    writeFileSync(join(directory, "owner.1"), "12345678901234 held");
    using _lock = await lockDirectory(directory);
    expect(ownerOf(directory)).toBe(process.pid);
  });

  test("takes no notice of other files", async () => {
    const directory = scratchFolder();
    for (const name of ["owner.", "owner.0", "owner.x", "owner.-1", "owner.1.bak"]) {
      writeFileSync(join(directory, name), "");
    }
    using _lock = await lockDirectory(directory);
    expect(ownerOf(directory)).toBe(process.pid);
  });

  test("goes to exactly one of many that want it at once", async () => {
    const directory = scratchFolder();
    const all = await Promise.all(Array.from({ length: 4 }, () => locker(directory)));
    const winners = all.filter(({ said }) => said === "locked");
    expect(winners.length).toBe(1);
    for (const { said } of all) expect(said).toMatch(/^(locked|already-running \d+)$/);
  });
});
