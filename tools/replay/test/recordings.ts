import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../vectors/", import.meta.url);

/** One recorded file: its name below `vectors/`, and its text. */
export interface RecordedFile {
  readonly name: string;
  readonly text: string;
}

/** Every recording of real Xen that is in the project. */
export const recordings: readonly RecordedFile[] = readdirSync(root, {
  recursive: true,
  encoding: "utf8",
})
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".jsonl"))
  .sort()
  .map((name) => ({ name, text: readFileSync(new URL(name, root), "utf8") }));

export const recording = (name: string): string =>
  recordings.find((file) => file.name === name)?.text ?? "";
