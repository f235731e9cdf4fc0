import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/*
 * How much of some packages the explorer and the simulator run: lines on which nothing was left out,
 * as V8 counts. `node --conditions=@xenkit/source tools/simulate/src/coverage.ts`
 */

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}
interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

const root = join(import.meta.dirname, "../../..");
const RUNS = [
  ["tools/explore/src/main.ts"],
  ["tools/simulate/src/main.ts", "--seed", "1", "--seeds", "5"],
];
const PACKAGES = ["bitmap", "hypervisor", "xenmanage", "xenstored"];

/** Which characters were run, of one file in one process. The inner ranges come later and decide. */
const charactersOf = ({ functions }: Script, length: number): Uint8Array => {
  const ran = new Uint8Array(length).fill(1);
  const ranges = functions.flatMap((each) => each.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const { startOffset, endOffset, count } of ranges) {
    ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  return ran;
};

const coverage = mkdtempSync(join(tmpdir(), "xenkit-coverage-"));
const files = new Map<string, { source: string; ran: Uint8Array }>();
try {
  for (const run of RUNS) {
    const env = { ...process.env, NODE_V8_COVERAGE: coverage };
    spawnSync(process.execPath, ["--conditions=@xenkit/source", ...run], { cwd: root, env });
  }
  for (const name of readdirSync(coverage)) {
    const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8")) as {
      result: Script[];
    };
    for (const script of result) {
      const path = script.url.startsWith("file:") ? fileURLToPath(script.url) : "";
      if (!path.startsWith(join(root, "packages")) || path.includes("node_modules")) continue;
      const source = readFileSync(path, "utf8");
      const ran = charactersOf(script, source.length);
      const before = files.get(path);
      files.set(path, {
        source,
        ran: before === undefined ? ran : ran.map((one, at) => one | (before.ran[at] ?? 0)),
      });
    }
  }
} finally {
  rmSync(coverage, { recursive: true });
}

for (const name of PACKAGES) {
  let [lines, run] = [0, 0];
  for (const [path, { source, ran }] of files) {
    if (!path.startsWith(join(root, "packages", name, "src"))) continue;
    let at = 0;
    for (const line of source.split("\n")) {
      if (/^\s*[^\s/*}\])]/.test(line) && !/^\s*(import|export type|export interface)/.test(line)) {
        lines += 1;
        if (ran.subarray(at, at + line.length).every((one) => one === 1)) run += 1;
      }
      at += line.length + 1;
    }
  }
  console.log(`${name}: ${run} of ${lines} lines, ${((100 * run) / lines).toFixed(1)} %`);
}
