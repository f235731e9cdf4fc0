import { existsSync } from "node:fs";

/** A program of Debian's that a test runs against ours. */
export interface InteropProgram {
  /** Absolute path. */
  readonly path: string;
  /** The Debian package that has it. */
  readonly debian: string;
}

/**
 * Tells whether all `programs` are installed.
 *
 * Where one is missing, an interop test is skipped with one clear line. In CI (`CI=true`) that is an error: no
 * interop test may be skipped there.
 *
 * @example
 * const ready = interop([{ path: "/usr/bin/xenstore-ls", debian: "xenstore-utils" }]);
 * describe.runIf(ready)("Debian's xenstore-ls", () => { … });
 */
export const interop = (programs: readonly InteropProgram[]): boolean => {
  const missing = programs.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return true;
  const list = missing.map(({ path, debian }) => `${path} (apt-get install ${debian})`).join(", ");
  if (process.env["CI"] === "true")
    throw new Error(`interop tests must not be skipped in CI; missing: ${list}`);
  process.stderr.write(`skipped: interop tests that need ${list}\n`);
  return false;
};
