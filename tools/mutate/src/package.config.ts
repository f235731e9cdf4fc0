import { join } from "node:path";
import process from "node:process";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that took the least time come first: most mutants are noticed by whatever test is run. */
class QuickestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const duration = (file: TestSpecification): number =>
      file.project.vitest.cache.getTestSpecificationResult(file)?.duration ?? 0;
    return Promise.resolve(files.toSorted((a, b) => duration(a) - duration(b)));
  }
}

const conditions = ["@xenkit/source"];

/** How Stryker runs the tests of the package `XENKIT_MUTATE`, in its copy of the workspace. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    root: join(import.meta.dirname, "../../../packages", process.env["XENKIT_MUTATE"] ?? ""),
    include: ["test/**/*.test.ts"],
    // They run in processes and threads of their own, where no mutant is switched on; or measure memory, which the switches need, too.
    exclude: ["readme", "workers", "allocations"].map((name) => `test/${name}.test.ts`),
    setupFiles: [join(import.meta.dirname, "fast-check-setup.ts")],
    isolate: false,
    sequence: { sequencer: QuickestFirst },
    testTimeout: 30_000,
  },
});

export default config;
