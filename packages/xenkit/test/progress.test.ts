import { expect, test } from "vitest";
import { creationProgress } from "../src/progress.ts";
import type { Terminal } from "../src/terminal.ts";

test("a creation shows how far it is when it takes longer than half a second, and clears that at the end", () => {
  const told: string[] = [];
  const terminal: Terminal = {
    print: () => {},
    write: () => {},
    columns: undefined,
    tell: () => {},
    retell: (line) => void told.push(line),
    env: {},
    ended: new AbortController().signal,
  };
  let now = 1000;
  const progress = creationProgress(300, terminal, () => now);
  now = 1499;
  progress.at(100);
  expect(told).toEqual([]);
  now = 1500;
  progress.at(200);
  progress.end();
  expect(told).toEqual(["created 200 of 300 domains", ""]);
});

test("a short creation shows nothing", () => {
  const told: string[] = [];
  const terminal: Terminal = {
    print: () => {},
    write: () => {},
    columns: undefined,
    tell: () => {},
    retell: (line) => void told.push(line),
    env: {},
    ended: new AbortController().signal,
  };
  const progress = creationProgress(1, terminal, () => 0);
  progress.at(1);
  progress.end();
  expect(told).toEqual([]);
});
