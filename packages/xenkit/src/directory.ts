import { lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { XenkitError } from "./xenkit-error.ts";

/** What decides which directory a host lives in. */
export interface DirectoryChoice {
  /** What `--dir` said. */
  readonly dir?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory for temporary files. */
  readonly temporary: string;
  /** The user's number; undefined where the system has none. */
  readonly uid: number | undefined;
}

/** The directory of one host. */
export interface HostDirectory {
  /** Absolute. */
  readonly path: string;
  /** Whether the user chose it; the others are found by rule, so that strangers can guess them. */
  readonly chosen: boolean;
}

/**
 * Finds the host's directory: `--dir`, else `$XENKIT_DIR`, else `$XDG_RUNTIME_DIR/xenkit`, else a folder per user
 * under the temporary directory. Makes nothing.
 */
export const findDirectory = ({ dir, env, temporary, uid }: DirectoryChoice): HostDirectory => {
  const chosen = dir ?? nonEmpty(env["XENKIT_DIR"]);
  if (chosen !== undefined) return { path: resolve(chosen), chosen: true };
  const runtime = nonEmpty(env["XDG_RUNTIME_DIR"]);
  const path =
    runtime === undefined ? join(temporary, `xenkit-${uid ?? "user"}`) : join(runtime, "xenkit");
  return { path: resolve(path), chosen: false };
};

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/**
 * Makes the directory (mode 0700) if it is missing, and checks it.
 *
 * @throws XenkitError unsafe-path, as {@link checkDirectory}.
 */
export const makeDirectory = (directory: HostDirectory, uid: number | undefined): void => {
  try {
    makeFolder(directory.path);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw unsafe(directory.path, `cannot make the directory ${directory.path}: ${reason}`, cause);
  }
  checkDirectory(directory, uid);
};

/** With its parents. Node's own `recursive` never returns where a parent is there but takes no folder, as `/proc`. */
const makeFolder = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
};

/**
 * Refuses a directory in which another user could have put the sockets.
 *
 * A chosen directory is the user's own decision. One found by rule must be a folder, no link, of this user, that
 * nobody else can write. A missing directory is fine.
 *
 * @throws XenkitError unsafe-path.
 */
export const checkDirectory = ({ path, chosen }: HostDirectory, uid: number | undefined): void => {
  if (chosen) return;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const elsewhere = "choose another one with --dir or XENKIT_DIR";
  if (!stat.isDirectory()) throw unsafe(path, `${path} is no directory: ${elsewhere}`);
  if (uid !== undefined && stat.uid !== uid) {
    throw unsafe(path, `${path} belongs to another user (uid ${stat.uid}): ${elsewhere}`);
  }
  if (uid !== undefined && (stat.mode & 0o022) !== 0) {
    throw unsafe(path, `others can write to ${path}: chmod 700 it, or ${elsewhere}`);
  }
};

const unsafe = (path: string, message: string, cause?: unknown): XenkitError<"unsafe-path"> =>
  new XenkitError("unsafe-path", message, { path }, { cause });
