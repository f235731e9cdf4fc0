import type { Manifest, PublicPackage } from "@xenkit/pack-check";

/** How big a change is for the users of a package. */
export type Bump = "patch" | "minor" | "major";

/** The next version of each package that gets one, by name. */
export type Plan = ReadonlyMap<string, string>;

/**
 * The versions that a release should have by the rules of the house.
 *
 * A changed package gets the bump that its changeset says. A package that depends on it gets a patch when the new
 * version is outside of the range it was published with (`^` of the old one): its users would not get the change else.
 */
export const planRelease = (
  packages: readonly PublicPackage[],
  changes: ReadonlyMap<string, Bump>,
): Plan => {
  const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]));
  const plan = new Map<string, string>();
  for (const [name, bump] of changes) plan.set(name, bumped(versions.get(name) ?? "", bump));
  for (let grown = true; grown; ) {
    grown = false;
    for (const { manifest } of packages) {
      if (plan.has(manifest.name) || !needsPatch(manifest, versions, plan)) continue;
      plan.set(manifest.name, bumped(manifest.version, "patch"));
      grown = true;
    }
  }
  return plan;
};

const needsPatch = (
  { dependencies = {} }: Manifest,
  versions: ReadonlyMap<string, string>,
  plan: Plan,
): boolean =>
  Object.keys(dependencies).some((name) => {
    const next = plan.get(name);
    return next !== undefined && !caretAllows(versions.get(name) ?? "", next);
  });

/** `from` with a bump, as semantic versioning says. */
export const bumped = (from: string, bump: Bump): string => {
  const [major = 0, minor = 0, patch = 0] = from.split(".").map(Number);
  if (bump === "major") return `${major + 1}.0.0`;
  return bump === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
};

/** Whether `^from` allows the later version `to`: the first number that is not 0 must stay. */
export const caretAllows = (from: string, to: string): boolean => {
  const before = from.split(".").map(Number);
  const after = to.split(".").map(Number);
  const first = before.findIndex((part) => part !== 0);
  const fixed = first === -1 ? before.length : first + 1;
  return before.slice(0, fixed).every((part, index) => part === after[index]);
};
