import type { PublicPackage } from "@xenkit/pack-check";
import { describe, expect, test } from "vitest";
import { bumped, caretAllows, planRelease } from "../src/plan.ts";

const pkg = (
  name: string,
  version: string,
  dependencies: readonly string[] = [],
): PublicPackage => ({
  folder: name,
  path: `/packages/${name}`,
  layer: "core",
  manifest: {
    name,
    version,
    dependencies: Object.fromEntries(dependencies.map((each) => [each, "workspace:^"])),
  },
});

/** leaf ← core ← host ← app, and other ← host. */
const packages = (version: string): PublicPackage[] => [
  pkg("leaf", version),
  pkg("other", version),
  pkg("core", version, ["leaf"]),
  pkg("host", version, ["core", "other"]),
  pkg("app", version, ["host"]),
];

describe("a release by the rules", () => {
  test("bumps nothing but the package for a patch: dependents get it by their range", () => {
    const plan = planRelease(packages("0.1.0"), new Map([["leaf", "patch"]]));
    expect([...plan]).toEqual([["leaf", "0.1.1"]]);
  });

  test("bumps direct dependents by a patch for a minor before 1.0, and theirs not", () => {
    const plan = planRelease(packages("0.1.0"), new Map([["leaf", "minor"]]));
    expect([...plan]).toEqual([
      ["leaf", "0.2.0"],
      ["core", "0.1.1"],
    ]);
  });

  test("bumps nothing but the package for a minor from 1.0 on", () => {
    const plan = planRelease(packages("1.0.0"), new Map([["leaf", "minor"]]));
    expect([...plan]).toEqual([["leaf", "1.1.0"]]);
  });

  test("bumps dependents all the way up where each patch leaves the range, as in 0.0.x", () => {
    const plan = planRelease(packages("0.0.1"), new Map([["leaf", "patch"]]));
    expect([...plan.keys()]).toEqual(["leaf", "core", "host", "app"]);
  });
});

describe("versions", () => {
  test.each([
    { from: "0.1.9", bump: "patch", to: "0.1.10" },
    { from: "0.1.9", bump: "minor", to: "0.2.0" },
    { from: "0.1.9", bump: "major", to: "1.0.0" },
  ] as const)("$from with a $bump is $to", ({ from, bump, to }) => {
    expect(bumped(from, bump)).toBe(to);
  });

  test.each([
    { from: "1.2.3", to: "1.9.0", allowed: true },
    { from: "1.2.3", to: "2.0.0", allowed: false },
    { from: "0.2.3", to: "0.2.4", allowed: true },
    { from: "0.2.3", to: "0.3.0", allowed: false },
    { from: "0.0.3", to: "0.0.4", allowed: false },
    { from: "0.0.0", to: "0.0.1", allowed: false },
  ])("^$from allows $to: $allowed", ({ from, to, allowed }) => {
    expect(caretAllows(from, to)).toBe(allowed);
  });
});
