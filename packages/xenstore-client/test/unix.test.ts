import { connect } from "@xenkit/xenstore-client";
import { unix } from "@xenkit/xenstore-client/unix";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const NAMES = ["XENSTORED_PATH", "XENSTORED_RUNDIR"] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);

const restore = (): void => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
};

describe("the unix socket's path", () => {
  beforeEach(() => {
    for (const name of NAMES) delete process.env[name];
  });
  afterEach(restore);

  test.each([
    { env: {}, path: "/run/xenstored/socket" },
    { env: { XENSTORED_RUNDIR: "/r" }, path: "/r/socket" },
    { env: { XENSTORED_PATH: "/p", XENSTORED_RUNDIR: "/r" }, path: "/p" },
    { env: { XENSTORED_PATH: "", XENSTORED_RUNDIR: "" }, path: "/run/xenstored/socket" },
  ])("is $path by $env", ({ env, path }) => {
    Object.assign(process.env, env);
    expect(unix().name).toBe(`unix:${path}`);
  });

  test("may be given", () => {
    process.env["XENSTORED_PATH"] = "/p";
    expect(unix("/mine").name).toBe("unix:/mine");
  });
});

test("a socket that is not there cannot be connected to", async () => {
  await expect(connect(unix("/nowhere/socket"))).rejects.toMatchObject({
    code: "connect-failed",
    cause: { code: "ENOENT" },
  });
});
