import { isOracleError } from "./oracle-error.ts";
import { startDaemon } from "./start-daemon.ts";

const USAGE = `usage: npm run oracle -- c|ocaml [daemon options]

Runs Debian's C or OCaml Xenstore daemon, without Xen, until SIGINT or SIGTERM.
Needs the packages xen-utils-4.17 and gcc. Then, for example:
  XENSTORED_PATH=… xenstore-ls -f
`;

const main = async (kind: string | undefined, args: readonly string[]): Promise<number> => {
  if (kind !== "c" && kind !== "ocaml") {
    process.stderr.write(USAGE);
    return 2;
  }
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => resolve("stopped"));
  });
  await using daemon = await startDaemon({ kind, args });
  const { pid, socketPath } = daemon;
  process.stdout.write(`ready ${JSON.stringify({ pid, kind, xenstored: socketPath })}\n`);
  const end = await Promise.race([stopped, daemon.exited]);
  if (end === "stopped") return 0;
  process.stderr.write(`the daemon ended (${end}); it said:\n${daemon.log()}`);
  return 1;
};

const [kind, ...args] = process.argv.slice(2);
try {
  process.exitCode = await main(kind, args);
} catch (error) {
  process.stderr.write(`oracle: ${isOracleError(error) ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
