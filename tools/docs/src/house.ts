import type { PublicPackage } from "@xenkit/pack-check";

const LAYERS = ["app", "core", "leaf"] as const;
const TITLES = { app: "app: for people", core: "cores: no I/O of their own", leaf: "leaves" };

/** The picture of the house: layers, packages and what each depends on, as Mermaid; drawn from the manifests. */
export const house = (packages: readonly PublicPackage[]): string => {
  const folders = new Map(packages.map(({ folder, manifest }) => [manifest.name, folder]));
  const edges = new Map(
    packages.map(({ folder, manifest }) => [
      folder,
      Object.keys(manifest.dependencies ?? {}).flatMap((name) => folders.get(name) ?? []),
    ]),
  );
  const boxes = LAYERS.map((layer) =>
    [
      `  subgraph ${layer}["${TITLES[layer]}"]`,
      ...packages
        .filter((each) => each.layer === layer)
        .map(
          ({ folder, manifest }) =>
            `    ${idOf(folder)}["${manifest.name.replace("@xenkit/", "")}"]`,
        ),
      "  end",
    ].join("\n"),
  );
  const arrows = [...edges].flatMap(([from, targets]) =>
    targets
      .filter((to) => !targets.some((other) => other !== to && reaches(edges, other, to)))
      .map((to) => `  ${idOf(from)} --> ${idOf(to)}`),
  );
  return ["```mermaid", "flowchart TB", ...boxes, ...arrows, "```"].join("\n");
};

/** An arrow that another way already tells is left out. */
const reaches = (
  edges: ReadonlyMap<string, readonly string[]>,
  from: string,
  to: string,
): boolean => (edges.get(from) ?? []).some((next) => next === to || reaches(edges, next, to));

const idOf = (folder: string): string => folder.replaceAll("-", "_");
