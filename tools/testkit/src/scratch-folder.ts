import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

let root: string | undefined;

/** Makes an empty folder, anywhere in a test file: it is removed with all that is in it after the file's last test. */
export const scratchFolder = (): string => {
  root ??= mkdtempSync(join(tmpdir(), "xenkit-"));
  return mkdtempSync(join(root, "s"));
};

afterAll(() => {
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});
