import { readFileSync } from "node:fs";

/** This package's version. The manifest is one folder up, from `src` and from `dist`. */
export const version: string = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  }
).version;
