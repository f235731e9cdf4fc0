import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty folder that goes when the test does. */
export const scratchFolder = (): Disposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), "xenstored-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
};
