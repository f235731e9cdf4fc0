import { execFileSync } from "node:child_process";

/** The lines that a `git diff --unified=0` adds or changes, as Stryker's patterns: `src/bits.ts:3-7`. */
export const changedLines = (diff: string): readonly string[] => {
  const patterns: string[] = [];
  let file = "";
  for (const line of diff.split("\n")) {
    file = /^\+\+\+ b\/(.+)$/.exec(line)?.[1] ?? file;
    const [, first, count = "1"] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (first === undefined || count === "0") continue;
    patterns.push(`${file}:${first}-${Number(first) + Number(count) - 1}`);
  }
  return patterns;
};

/** What differs from `main` under a folder of the workspace. */
export const changedSince = (root: string, folder: string): readonly string[] => {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" });
  const base = git("merge-base", "main", "HEAD").trim();
  return changedLines(git("diff", "--unified=0", base, "--", folder));
};
