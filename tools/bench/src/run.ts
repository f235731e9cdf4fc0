/** `run.ts [PACKAGE…]`: runs every bench of these packages, or of all. A package is a name or a path. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";

const packages = resolve(import.meta.dirname, "../../../packages");

const wanted =
  process.argv.length > 2
    ? process.argv.slice(2).map((name) => basename(resolve(name)).replace(/^@xenkit\//, ""))
    : readdirSync(packages);

let ran = 0;
for (const name of wanted) {
  const directory = join(packages, name, "bench");
  if (!existsSync(join(packages, name))) {
    console.error(`bench: no package "${name}"; there are: ${readdirSync(packages).join(", ")}`);
    process.exit(2);
  }
  if (!existsSync(directory)) continue;
  for (const file of readdirSync(directory).filter((entry) => entry.endsWith(".bench.ts"))) {
    const { status } = spawnSync(
      process.execPath,
      ["--expose-gc", "--conditions=@xenkit/source", join(directory, file)],
      { stdio: "inherit" },
    );
    if (status !== 0) process.exit(status ?? 1);
    ran += 1;
  }
}
if (ran === 0) console.error(`bench: nothing to run in ${wanted.join(", ")}`);
