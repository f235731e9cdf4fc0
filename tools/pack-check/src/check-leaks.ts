import { homedir } from "node:os";
import { posix } from "node:path";
import type { PackedFile } from "./read-tarball.ts";
import { root } from "./root.ts";

/** Paths that exist on the machine of somebody who builds, whoever that is. */
const MACHINE_PATHS = /(?:\/home\/|\/Users\/|\/root\/|[A-Z]:\\+Users\\+|file:\/\/\/)[\w.-]+/;

/** Finds what a build must not tell of the machine it ran on, and maps that lead to no file. */
export const checkLeaks = (files: ReadonlyMap<string, PackedFile>): string[] => {
  const own = [root, homedir()].filter((path) => path.length > 1);
  return [...files].flatMap(([path, { bytes }]) => {
    const text = Buffer.from(bytes).toString("utf8");
    const found = MACHINE_PATHS.exec(text)?.[0] ?? own.find((part) => text.includes(part));
    const leak = found === undefined ? [] : [`${path} names a path of a machine: ${found}`];
    return [...leak, ...(path.endsWith(".map") ? checkMap(path, text, files) : [])];
  });
};

const checkMap = (path: string, text: string, files: ReadonlyMap<string, PackedFile>): string[] => {
  const { sources, sourceRoot } = JSON.parse(text) as { sources: string[]; sourceRoot?: string };
  return sources
    .map((source) => posix.join(posix.dirname(path), sourceRoot ?? "", source))
    .filter((source) => !files.has(source))
    .map((source) => `${path} leads to ${source}, which is not in the tarball`);
};
