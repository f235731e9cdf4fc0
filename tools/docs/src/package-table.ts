import type { PublicPackage, Sizes } from "@xenkit/pack-check";

/**
 * The table of packages: what each is for, its version, and its size in a user's bundle.
 *
 * @param present - The table as it is: the order of its rows and what they say of a package are written by hand, and stay.
 */
export const packageTable = (
  packages: readonly PublicPackage[],
  sizes: Readonly<Record<string, Sizes>>,
  present: string,
): string => {
  const words = wordsOf(present);
  const place = [...words.keys()];
  const order = ({ manifest }: PublicPackage): number =>
    words.has(manifest.name) ? place.indexOf(manifest.name) : place.length;
  const rows = [...packages]
    .sort((a, b) => order(a) - order(b))
    .map(({ folder, layer, manifest }) => {
      const name = `[\`${manifest.name}\`](packages/${folder}/README.md)`;
      const cells = [
        layer === "app" ? name : `◦ ${name}`,
        words.get(manifest.name) ?? manifest.description ?? "",
        manifest.version,
        kilobytes(sizes[folder]?.bundled),
      ];
      return `| ${cells.join(" | ")} |`;
    });
  return ["| package | for | version | size |", "|---|---|---|---:|", ...rows].join("\n");
};

const ROW = /^\| (?:◦ )?\[`([^`]+)`\]\([^)]*\) \| ([^|]*) \|/gm;

/** What the rows of a table say, by the package's name. */
const wordsOf = (table: string): Map<string, string> =>
  new Map([...table.matchAll(ROW)].map((row) => [row[1] ?? "", row[2] ?? ""]));

const kilobytes = (bytes: number | undefined): string =>
  bytes === undefined ? "–" : `${Math.round(bytes / 1000)} kB`;
