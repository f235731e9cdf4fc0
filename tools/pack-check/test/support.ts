import { gzipSync } from "node:zlib";
import type { PackedFile } from "../src/read-tarball.ts";

/** A tarball of these files, made by hand. */
export const tarballOf = (
  files: Readonly<Record<string, string>>,
  { type = "0" }: { type?: string } = {},
): Uint8Array => {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const body = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write("000755 \0", 100);
    header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write(type, 156);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
};

/** Files of a package, as read from its tarball. */
export const packed = (files: Readonly<Record<string, string>>): Map<string, PackedFile> =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      { bytes: Buffer.from(text), executable: false },
    ]),
  );
