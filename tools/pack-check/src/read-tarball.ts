import { gunzipSync } from "node:zlib";
import { PackCheckError } from "./pack-check-error.ts";

const BLOCK = 512;

/** One file of a tarball. */
export interface PackedFile {
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/**
 * The files of an npm tarball, by path, without the leading `package/`; sorted by path.
 *
 * @throws {PackCheckError} For an entry that is no regular file, or a path outside of the package.
 */
export const readTarball = (gzipped: Uint8Array): Map<string, PackedFile> => {
  const tar = gunzipSync(gzipped);
  const files = new Map<string, PackedFile>();
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const text = (offset: number, length: number) =>
      (tar.toString("utf8", at + offset, at + offset + length).split("\0")[0] ?? "").trim();
    const name = [text(345, 155), text(0, 100)].filter((part) => part !== "").join("/");
    const size = Number.parseInt(text(124, 12), 8);
    const type = text(156, 1);
    if ((type !== "0" && type !== "") || !name.startsWith("package/") || name.includes(".."))
      throw new PackCheckError(`the tarball has the unexpected entry ${name} (type "${type}")`);
    files.set(name.slice("package/".length), {
      bytes: tar.subarray(at + BLOCK, at + BLOCK + size),
      executable: (Number.parseInt(text(100, 8), 8) & 0o111) !== 0,
    });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
};
