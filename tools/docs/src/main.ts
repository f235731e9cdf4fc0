import { join } from "node:path";
import { publicPackages, root } from "@xenkit/pack-check";
import { makeApiSite } from "./api-site.ts";
import { compileExamples, docExamples } from "./doc-examples.ts";
import { DocsError } from "./docs-error.ts";
import { readme, updateReadme } from "./readme.ts";

const USAGE = `usage: npm run docs -- [--update]

Makes the API documentation in docs/api; checks that every export is documented, every link leads somewhere, every @example
compiles, and the generated parts of the root README are current. --update makes those anew.
`;

const main = async (args: readonly string[]): Promise<number> => {
  if (args.some((arg) => arg !== "--update")) {
    process.stderr.write(USAGE);
    return 2;
  }
  const packages = publicPackages();
  if (args.includes("--update")) updateReadme();
  const { now, wanted } = readme();
  const examples = packages.flatMap(docExamples);
  const problems = [
    ...(now === wanted
      ? []
      : ["README.md: a generated part is out of date (npm run docs -- --update)"]),
    ...compileExamples(examples),
    ...(await makeApiSite(packages, join(root, "docs/api"))),
  ];
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(
    `docs/api/index.html: ${packages.length} packages; ${examples.length} examples; ${problems.length} problems\n`,
  );
  return problems.length === 0 ? 0 : 1;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof DocsError)) throw error;
  process.stderr.write(`docs: ${error.message}\n`);
  process.exitCode = 1;
}
