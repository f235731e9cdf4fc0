import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.ts";

/** What we read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly sideEffects?: boolean | readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly repository?: { readonly url?: string; readonly directory?: string };
  readonly publishConfig?: Readonly<Record<string, unknown>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package of the workspace that is published. */
export interface PublicPackage {
  /** Of its folder, which is its name without the scope: `bitmap`. */
  readonly folder: string;
  /** Its folder, absolute. */
  readonly path: string;
  readonly manifest: Manifest;
  /** Its layer, from its turbo.json. */
  readonly layer: "leaf" | "core" | "app";
}

/** The published packages of a checkout, by folder name. */
export const publicPackages = (checkout: string = root): PublicPackage[] =>
  readdirSync(join(checkout, "packages"))
    .sort()
    .map((folder) => {
      const path = join(checkout, "packages", folder);
      const { tags } = readJson(join(path, "turbo.json")) as { tags: [PublicPackage["layer"]] };
      return {
        folder,
        path,
        manifest: readJson(join(path, "package.json")) as Manifest,
        layer: tags[0],
      };
    })
    .filter(({ manifest }) => manifest.private !== true);

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
