import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Workspace packages resolve to their TypeScript source: no build before a test. */
const conditions = ["@xenkit/source"];

const projects = ["packages", "tools"].flatMap((group) =>
  readdirSync(join(import.meta.dirname, group))
    .map((name) => join(import.meta.dirname, group, name))
    .filter((root) => existsSync(join(root, "test"))),
);

export default defineConfig({
  test: {
    reporters: ["default", "./tools/testkit/src/closing-line-reporter.ts"],
    projects: projects.map((root) => ({
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name: root.split("/").slice(-1)[0] ?? root,
        root,
        include: ["test/**/*.test.ts"],
        testTimeout: 30_000,
      },
    })),
  },
});
