import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cannotServe, XenkitError } from "./xenkit-error.ts";

const PREFIX = "owner.";
/** Added to the file of the one that has got the directory. */
const HELD = " held";
const POLL_MS = 20;
/** How long one that may stay waits for another that will back off. */
const PATIENCE_MS = 5000;

/**
 * Makes this process the only owner of a directory, until disposed or dead.
 *
 * Every process writes a file with its own pid in the name, then looks for others: of two that come at the same
 * time at least one sees the other, so there are never two owners; of two that see each other the one with the
 * higher pid backs off. A file of a dead process counts for nothing, so there is no lock to break and no race in
 * breaking it.
 *
 * @param directory - Exists.
 * @throws XenkitError already-running, naming the owner; cannot-serve.
 */
export const lockDirectory = async (directory: string): Promise<Disposable> => {
  const file = join(directory, `${PREFIX}${process.pid}`);
  const lock = { [Symbol.dispose]: () => rmSync(file, { force: true }) };
  writing(lock, file, () => writeFileSync(file, birthOf(process.pid) ?? "", { mode: 0o600 }));
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const [other] = otherOwners(directory);
    if (other === undefined) {
      writing(lock, file, () => appendFileSync(file, HELD));
      return lock;
    }
    if (other < process.pid || isHeld(directory, other) || performance.now() > deadline) {
      lock[Symbol.dispose]();
      const message = `a host is already running in ${directory} (pid ${other}): stop it with kill ${other}, or choose another --dir`;
      throw new XenkitError("already-running", message, { directory, pid: other });
    }
    await sleep(POLL_MS);
  }
};

/** Leaves no file on a full disk: an empty one would count for whoever gets our pid. */
const writing = (lock: Disposable, file: string, write: () => void): void => {
  try {
    write();
  } catch (cause) {
    lock[Symbol.dispose]();
    throw cannotServe(file, "cannot write to the host's directory", cause);
  }
};

/** The pid of the process that runs a host in this directory, if one does. */
export const ownerOf = (directory: string): number | undefined => owners(directory)[0];

/** Living owners but this process, lowest pid first. The files of dead ones are removed. */
const otherOwners = (directory: string): number[] => {
  for (const pid of pidsIn(directory)) {
    if (!isAlive(directory, pid)) rmSync(join(directory, `${PREFIX}${pid}`), { force: true });
  }
  return owners(directory).filter((pid) => pid !== process.pid);
};

const owners = (directory: string): number[] =>
  pidsIn(directory).filter((pid) => isAlive(directory, pid));

const pidsIn = (directory: string): number[] =>
  list(directory)
    .filter((name) => /^owner\.[1-9]\d{0,9}$/.test(name))
    .map((name) => Number(name.slice(PREFIX.length)))
    .sort((a, b) => a - b);

const list = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};

/** Whether the process that wrote the file lives; another one that got its pid later does not count. */
const isAlive = (directory: string, pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const [written] = read(join(directory, `${PREFIX}${pid}`))?.split(" ") ?? [];
  const birth = birthOf(pid);
  // An empty file is one that is just being written, or the system does not tell when a process began.
  return written === undefined ? false : written === "" || birth === undefined || written === birth;
};

const isHeld = (directory: string, pid: number): boolean =>
  read(join(directory, `${PREFIX}${pid}`))?.endsWith(HELD) === true;

/** When a process began, in the kernel's own ticks since the boot; undefined where /proc does not say. */
const birthOf = (pid: number): string | undefined => {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold anything, blanks included.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended: its owner file is stale.
  return fields?.[0] === "Z" ? "ended" : fields?.[19];
};

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};
