import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { must, RehearsalError } from "./rehearsal-error.ts";
import type { Toolbox } from "./toolbox.ts";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** Whether a browser is installed. In CI it must be. */
export const browserInstalled = (): boolean => {
  if (existsSync(CHROMIUM)) return true;
  must(process.env["CI"] !== "true", `${CHROMIUM} is missing (apt-get install chromium)`);
  process.stderr.write(`skipped: the browser; ${CHROMIUM} is missing (apt-get install chromium)\n`);
  return false;
};

/** A script for a page: compiled JavaScript, in a folder where its imports resolve. */
export interface Page {
  readonly title: string;
  /** The folder that has `node_modules`. */
  readonly folder: string;
  readonly code: string;
}

/** Bundles each page with Vite and runs it in one headless Chromium: an error in a page is one of the rehearsal. */
export const runInBrowser = async (
  { vite, playwright }: Toolbox,
  pages: readonly Page[],
): Promise<void> => {
  const { build } = (await import(vite)) as { build: ViteBuild };
  const { chromium } = (await import(playwright)) as { chromium: Chromium };
  const scripts = new Map<string, string>();
  for (const [index, page] of pages.entries())
    scripts.set(`/${index}.js`, await bundle(build, page, index));
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? "");
    const type = script === undefined ? "text/html" : "text/javascript";
    response.setHeader("content-type", `${type}; charset=utf-8`);
    // Cross-origin isolated, as a page must be that shares memory between threads.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    response.end(
      script ?? `<!doctype html><title>rehearsal</title><link rel="icon" href="data:,">`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  must(typeof address === "object" && address !== null, "the page server has no port");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS, timeout: 60_000 });
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${address.port}/`);
    for (const [index, { title }] of pages.entries()) {
      const end = await tab.evaluate(
        `import("/${index}.js").then(() => "done", (error) => String(error?.stack ?? error))`,
      );
      must(end === "done", `${title} fails in Chromium: ${end}`);
    }
  } finally {
    await browser.close();
    server.close();
  }
};

const ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"];

const bundle = async (
  build: ViteBuild,
  { title, folder, code }: Page,
  index: number,
): Promise<string> => {
  const entry = join(folder, `page-${index}.js`);
  const outDir = join(folder, `page-${index}`);
  await mkdir(outDir, { recursive: true });
  await writeFile(entry, code);
  const shim = join(folder, "assert-strict.js");
  await writeFile(shim, ASSERT);
  try {
    await build({
      root: folder,
      configFile: false,
      logLevel: "error",
      plugins: [{ name: "no-node", enforce: "pre", resolveId: refuseNode }],
      resolve: { alias: { "node:assert/strict": shim, "node:assert": shim } },
      build: {
        outDir,
        target: "es2023",
        lib: { entry, formats: ["es"], fileName: "page" },
        rolldownOptions: { onwarn: refuse },
      },
    });
  } catch (error) {
    throw new RehearsalError(`Vite cannot bundle ${title}: ${String(error)}`, { cause: error });
  }
  return readFile(join(outDir, "page.js"), "utf8");
};

/** Vite would put an empty module in the place of Node's; it would fail later, or never. */
const refuseNode = (id: string, importer: string | undefined): null => {
  if (id.startsWith("node:")) throw new RehearsalError(`${importer} imports ${id}`);
  return null;
};

/** What a bundler warns of is a package that does not work in a browser. */
const refuse = (warning: { readonly message: string }): never => {
  throw new RehearsalError(warning.message);
};

/** As much of `node:assert/strict` as examples use, for a page. */
const ASSERT = `
const fail = (message) => { throw new Error("assertion failed: " + message); };
const text = (value) => JSON.stringify(value, (_, each) =>
  typeof each === "bigint" ? each + "n" : ArrayBuffer.isView(each) ? [...each] : each);
const assert = (value, message = "a true value") => { if (!value) fail(message); };
export const ok = assert;
export const equal = (a, b) => { if (!Object.is(a, b)) fail(text(a) + " is not " + text(b)); };
export const deepEqual = (a, b) => { if (text(a) !== text(b)) fail(text(a) + " is not " + text(b)); };
export const throws = (work) => { try { work(); } catch { return; } fail("it throws nothing"); };
export const strict = Object.assign(assert, { ok, equal, strictEqual: equal, deepEqual, deepStrictEqual: deepEqual, throws });
export default strict;
`;

/** What we use of Vite and of Playwright, which are no part of the workspace. */
type ViteBuild = (options: object) => Promise<unknown>;
interface Chromium {
  launch(options: object): Promise<{
    newPage(): Promise<{
      goto(url: string): Promise<unknown>;
      evaluate(script: string): Promise<string>;
    }>;
    close(): Promise<void>;
  }>;
}
