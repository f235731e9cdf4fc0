import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** The machine and the versions, in one line for the foot of a table. */
export const machine = (): string => {
  const models = cpus();
  return `${models[0]?.model ?? "unknown CPU"}, ${models.length} cores; Node ${process.versions.node}; ${gccVersion()}`;
};

const gccVersion = (): string => {
  try {
    return `gcc ${execFileSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }).trim()}`;
  } catch {
    return "no gcc";
  }
};
