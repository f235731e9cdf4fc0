import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quoted } from "../src/quoted.ts";

/** What can be an argument of a program: UTF-8 without a NUL. */
const wellFormed = (text: string): string => text.replaceAll("\0", "").replace(/\p{Cs}/gu, "");

test("a shell reads a quoted word back as it was, whatever is in it", () => {
  const words = fc.array(fc.string({ unit: "binary" }).map(wellFormed), {
    minLength: 50,
    maxLength: 50,
  });
  fc.assert(
    fc.property(words, (many) => {
      const line = `printf '%s\\0' ${many.map(quoted).join(" ")}`;
      const read = execFileSync("bash", ["-c", line], { encoding: "utf8" });
      expect(read.split("\0").slice(0, -1)).toEqual(many);
    }),
    { numRuns: 10 },
  );
});

test.each([
  ["/tmp/a", "/tmp/a"],
  ["/tmp/a b", "'/tmp/a b'"],
  ["it's", "'it'\\''s'"],
  ["", "''"],
])("%j is quoted only where it must be", (word, text) => {
  expect(quoted(word)).toBe(text);
});
