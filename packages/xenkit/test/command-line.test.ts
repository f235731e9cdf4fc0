import { describe, expect, test } from "vitest";
import { runHere as run, xenkit } from "./support/run-xenkit.ts";

const COMMANDS = [
  "up",
  "watch",
  "domain list",
  "domain create",
  "domain pause",
  "domain unpause",
  "domain shutdown",
  "domain resume",
  "domain destroy",
  "domain usage",
  "ls",
  "read",
  "write",
  "rm",
  "list",
  "exists",
  "chmod",
];

describe("the command line", () => {
  test.each(["", "domain", "xenstored", ...COMMANDS])(
    "has help with examples for `%s`",
    async (command) => {
      const args = command.split(" ").filter((word) => word !== "");
      const { code, stdout, stderr } = await run(...args, "--help");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/Usage: xenkit/);
      expect(stdout).toMatch(/\nExamples:\n {2}\$ xenkit /);
    },
  );

  test.each(COMMANDS)("takes the host's directory for `%s`", async (command) => {
    expect((await run(...command.split(" "), "--help")).stdout).toContain("--dir <dir>");
  });

  test("prints its version", async () => {
    expect(await run("--version")).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });

  test.each([
    { line: "", says: "Usage: xenkit" },
    { line: "domain", says: "Usage: xenkit domain" },
    { line: "domian list", says: "(Did you mean domain?)" },
    { line: "domain lst", says: "(Did you mean list?)" },
    { line: "up --domians 3", says: "(Did you mean --domains?)" },
    { line: "up --domains -1", says: "whole number from 0 to 32751" },
    { line: "up --release 4.20", says: "Allowed choices are 4.21, 4.22" },
    { line: "up --unique-ids uuid", says: "Allowed choices are sequence, xorshift" },
    { line: "up --websocket here", says: "PORT or HOST:PORT" },
    { line: "up --websocket 127.0.0.1:65536", says: "whole number from 0 to 65535" },
    { line: "up --websocket-origin http://a.example/", says: "SCHEME://HOST" },
    { line: "up --websocket-origin null", says: "SCHEME://HOST" },
    { line: "xenstored --websocket-origin *", says: "SCHEME://HOST" },
    { line: "xenstored --io fast", says: "Allowed choices are auto, epoll, libuv" },
    { line: "xenstored --socket s --quota nodes", says: "NAME=VALUE" },
    { line: "xenstored --socket s --quota nope=1", says: "NAME one of nodes, watches" },
    { line: "xenstored --socket s --quota nodes=x", says: "whole number from 0" },
    { line: "xenstored --socket s --conflicts never", says: "Allowed choices are answers, strict" },
    { line: "xenstored --socket=", says: "must not be empty" },
    { line: "xenstored --pid-file=", says: "must not be empty" },
    { line: "up now", says: "too many arguments" },
    { line: "domain create --domid 0", says: "whole number from 1 to 32751" },
    { line: "domain create --domid 32752", says: "whole number from 1 to 32751" },
    { line: "domain create --domid 1e3", says: "whole number from 1 to 32751" },
    { line: "domain create --domid 7 --count 2", says: "cannot be used with" },
    { line: "domain create --name -x", says: "--name" },
    { line: "domain create --name a/b", says: "A-Z a-z 0-9 . _ -" },
    { line: "domain destroy", says: "missing required argument 'domid'" },
    { line: "domain destroy 0", says: "whole number from 1 to 32751" },
    { line: "domain destroy 1 two", says: "whole number from 1 to 32751" },
    { line: "domain shutdown 1 --reason tired", says: "Allowed choices are poweroff, reboot" },
  ])("exits with 2 for `xenkit $line`", async ({ line, says }) => {
    const args = line.split(" ").filter((word) => word !== "");
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });

  test("refuses an empty directory", async () => {
    const { code, stderr } = await run("watch", "--dir", "");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("not be empty") });
  });

  test("is a program with these exit codes", async () => {
    const [help, usage] = await Promise.all([xenkit(["--help"]), xenkit(["domain", "destroy"])]);
    expect([help.code, usage.code]).toEqual([0, 2]);
    expect(help.stdout).toContain("Commands:");
    expect(usage.stderr).toContain("missing required argument");
  });
});
