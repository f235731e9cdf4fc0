import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fingerprint, pnpmSettings } from "../dependencies.mjs";
import { withLock } from "../lock.mjs";
import { runsTheToolchain } from "../toolchain.mjs";

const checkout = join(import.meta.dirname, "../../..");
let root = "";

/** A checkout of its own, in a path with spaces, that holds nothing but the bootstrap and one script to run. */
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "xenkit-bootstrap-")), "a path with spaces");
  mkdirSync(join(root, "tools"), { recursive: true });
  mkdirSync(join(root, "packages"));
  cpSync(join(checkout, "tools/bootstrap"), join(root, "tools/bootstrap"), {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"])
    cpSync(join(checkout, file), join(root, file));
  mkdirSync(join(root, "tools/replay/src"), { recursive: true });
  writeFileSync(
    join(root, "tools/replay/src/main.ts"),
    "console.log(JSON.stringify(process.argv.slice(2) satisfies string[]));",
  );
});

afterEach(() => {
  rmSync(join(root, ".."), { recursive: true });
});

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(root, "tools/bootstrap/run.mjs"), ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: root, ...env },
  });

describe("a fresh machine", () => {
  test("is told in one message, without a stack, that a download failed", () => {
    const { status, stderr } = run(["replay"], {
      npm_config_registry: "http://127.0.0.1:9/",
      npm_config_cache: join(root, "cache"),
    });
    expect(status).toBe(1);
    expect(stderr).toContain("cannot fetch pnpm@");
    expect(stderr).toContain("npm config get registry");
    expect(stderr).toContain("connect ECONNREFUSED 127.0.0.1:9");
    expect(stderr).not.toMatch(/^\s+(npm error\s+)?(at |address:|\})/m);
  });

  test("is told in one message, without a stack, that the checkout cannot be written", () => {
    writeFileSync(join(root, ".toolchain"), "a file where the folder belongs");
    const { status, stderr } = run(["replay"]);
    expect(status).toBe(1);
    expect(stderr).toContain(`cannot make the checkout ready in ${root}: EEXIST`);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("is told so on a full disk, and no lock is left behind", () => {
    const { status, stderr } = spawnSync(
      "bash",
      ["-c", 'ulimit -f 0; "$0" tools/bootstrap/run.mjs replay', process.execPath],
      { cwd: root, encoding: "utf8" },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^xenkit: cannot make the checkout ready in .*: E\w+: .*\n$/);
    expect(readdirSync(join(root, ".toolchain"))).toEqual([]);
  });

  test("is told which scripts there are", () => {
    const { status, stderr } = run(["frobnicate"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/unknown script "frobnicate"; there are: start, .*test/);
  });
});

/** As a first run leaves it. */
const makeReady = (): void => {
  symlinkSync(join(checkout, ".toolchain"), join(root, ".toolchain"));
  mkdirSync(join(root, "node_modules"));
  writeFileSync(join(root, "node_modules/.xenkit-stamp"), fingerprint(root));
};

describe("a first run that is stopped", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "at %s takes its download with it, and gives the lock back",
    async (signal) => {
      const silent = createServer().listen(0, "127.0.0.1");
      await once(silent, "listening");
      const { port } = silent.address() as AddressInfo;
      const child = spawn(process.execPath, [join(root, "tools/bootstrap/run.mjs"), "replay"], {
        env: {
          ...process.env,
          npm_config_registry: `http://127.0.0.1:${port}/`,
          npm_config_cache: join(root, "cache"),
        },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr.on("data", (chunk) => {
        said += chunk;
      });
      const [socket] = (await once(silent, "connection")) as [Socket];
      const hungUp = new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
      socket.resume();
      child.kill(signal);
      const [status] = await once(child, "close");
      await hungUp;
      silent.close();
      expect({ status, left: readdirSync(join(root, ".toolchain")) }).toEqual({
        status: 1,
        left: [],
      });
      expect(said).toContain(`stopped by ${signal}`);
    },
  );
});

describe("a second run", () => {
  test("installs nothing and runs the script, from a path with spaces", () => {
    makeReady();
    const { status, stdout, stderr } = run(["replay", "a b.jsonl", "--x"], {
      npm_config_registry: "http://127.0.0.1:9/",
    });
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe('["a b.jsonl","--x"]');
    expect(status).toBe(0);
  });

  test("writes nothing, so a checkout on a read-only disk will do: it waits for no lock", () => {
    mkdirSync(join(root, ".toolchain"));
    for (const name of ["node_modules", "stamp"])
      symlinkSync(join(checkout, ".toolchain", name), join(root, ".toolchain", name));
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "node_modules/.xenkit-stamp"), fingerprint(root));
    writeFileSync(join(root, ".toolchain/lock"), String(process.pid));
    expect(run(["replay"])).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("npm run", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "hands %s on to the program, which ends",
    async (signal) => {
      makeReady();
      const said = join(root, "said");
      writeFileSync(
        join(root, "tools/replay/src/main.ts"),
        `import { appendFileSync } from "node:fs";
       const timer = setInterval(() => {}, 1000);
       const end = (signal) => { appendFileSync(${JSON.stringify(said)}, signal); clearInterval(timer); };
       process.on("SIGTERM", end).on("SIGINT", end);
       console.log("ready");`,
      );
      const npm = spawn("npm", ["run", "--silent", "replay"], {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(npm.stdout, "data");
      npm.kill(signal);
      await once(npm, "close"); // only when nobody has its output open any more
      expect(readFileSync(said, "utf8")).toBe(signal);
    },
  );
});

describe("pnpm", () => {
  test.each(["npm_config_registry", "NPM_CONFIG_REGISTRY"])("is told of $%s", (name) => {
    const env = { [name]: "http://127.0.0.1:9/" };
    expect(pnpmSettings(env)).toMatchObject({ pnpm_config_registry: "http://127.0.0.1:9/" });
  });

  test("is told of no registry where npm's environment names none", () => {
    expect(pnpmSettings({ PATH: "/bin" })).not.toHaveProperty("pnpm_config_registry");
  });
});

describe("the machine's own Node", () => {
  test.each([
    { version: "20.20.2", runs: false },
    { version: "22.12.0", runs: false },
    { version: "22.18.0", runs: true },
    { version: "23.11.0", runs: false },
    { version: "24.0.0", runs: true },
    { version: "26.10.0", runs: true },
  ])("$version runs the toolchain: $runs", ({ version, runs }) => {
    expect(runsTheToolchain(version)).toBe(runs);
  });
});

describe("two first runs at once", () => {
  test("do not install over each other", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(root, work)));
    expect(most).toBe(1);
  });

  test("the one that waits says so: only the user can tell that a pid is another's", async () => {
    mkdirSync(join(root, ".toolchain"));
    writeFileSync(join(root, ".toolchain/lock"), String(process.pid));
    const waiting = spawn(process.execPath, [join(root, "tools/bootstrap/run.mjs"), "replay"], {
      stdio: ["ignore", "inherit", "pipe"],
    });
    const [said] = await once(waiting.stderr, "data");
    waiting.kill();
    expect(String(said)).toContain(`remove ${join(root, ".toolchain/lock")}`);
  });

  test("a lock left by a process that died is taken over", async () => {
    const dead = spawnSync(process.execPath, ["--eval", ""]).pid;
    writeFileSync(join(root, "lock"), String(dead));
    let ran = 0;
    await withLock(root, async () => {
      ran += 1;
    });
    expect(ran).toBe(1);
  });
});
