// `node run.mjs SCRIPT [ARGS…]`: makes the toolchain and the dependencies ready, then runs a root script.
// Plain JavaScript without dependencies: it runs before anything is installed, on Node 20 and later.
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { commandsOf } from "./commands.mjs";
import { dependenciesAreReady, installDependencies } from "./dependencies.mjs";
import { BootstrapError } from "./errors.mjs";
import { withLock } from "./lock.mjs";
import { runProgram } from "./program.mjs";
import { installToolchain, toolchainIsReady } from "./toolchain.mjs";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

const main = async () => {
  const [name = "", ...args] = process.argv.slice(2);
  const commands = commandsOf(root);
  const command = commands[name];
  if (command === undefined) {
    throw new BootstrapError(
      `unknown script "${name}"; there are: ${Object.keys(commands).join(", ")}`,
    );
  }
  const toolchain = join(root, ".toolchain");
  // What is ready needs no lock: it may be on a read-only disk, or somebody else's.
  if (!(toolchainIsReady(toolchain) && dependenciesAreReady(root))) await makeReady(toolchain);
  const env = {
    ...process.env,
    PATH: [join(toolchain, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
  };
  const cwd = command.cwd === "caller" ? (process.env["INIT_CWD"] ?? process.cwd()) : root;
  for (const [index, step] of command.steps.entries()) {
    const last = index === command.steps.length - 1;
    const status = await runProgram(last ? [...step, ...args] : step, { cwd, env });
    if (status !== 0) return status;
  }
  return 0;
};

const makeReady = async (/** @type {string} */ toolchain) => {
  try {
    await withLock(toolchain, async () => {
      if (!toolchainIsReady(toolchain)) await installToolchain(toolchain);
      if (!dependenciesAreReady(root)) await installDependencies(root, toolchain);
    });
  } catch (error) {
    const { syscall, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (syscall === undefined) throw error;
    throw new BootstrapError(`cannot make the checkout ready in ${root}: ${message}`, {
      cause: error,
    });
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  console.error(`xenkit: ${error.message}`);
  process.exitCode = 1;
}
