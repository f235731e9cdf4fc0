/** Longest absolute path that the protocol advises, in bytes. The daemon's own limit is `path-max`. */
export const ABSOLUTE_PATH_MAX = 3072;
/** As {@link ABSOLUTE_PATH_MAX}, for a path below the home of its domain. */
export const RELATIVE_PATH_MAX = 2048;

/** What a canonical path may look like, by the first byte of what was given. */
export type PathKind = "absolute" | "relative" | "special";

/** `@`: special, `/`: absolute, else relative. The empty string is relative. */
export const pathKind = (path: string): PathKind => {
  const first = path.charCodeAt(0);
  return first === AT ? "special" : first === SLASH ? "absolute" : "relative";
};

/** `/local/domain/<domid>`: where relative paths of a domain begin. */
export const domainPath = (domid: number): string => `/local/domain/${domid}`;

/**
 * Makes a path absolute and checks it.
 *
 * Allowed bytes: `A–Z a–z 0–9 - / _ @`. No `//`, no `/` at the end but for `/` itself. A relative path gets the
 * prefix `/local/domain/<domid>/` first, so the empty one is refused. One that begins with `@` is special.
 *
 * @returns The canonical path; undefined (the daemon's EINVAL) when there is none.
 */
export const canonicalPath = (path: string, domid: number): string | undefined => {
  let before = 0;
  for (let index = 0; index < path.length; index += 1) {
    const unit = path.charCodeAt(index);
    if (!isPathUnit(unit) || (unit === SLASH && before === SLASH)) return undefined;
    before = unit;
  }
  if (before === SLASH && path.length > 1) return undefined;
  if (pathKind(path) !== "relative") return path;
  return path === "" ? undefined : `${domainPath(domid)}/${path}`;
};

const HOME = /^\/local\/domain\/[0-9]{1,5}\//;

/**
 * The length of a canonical path as the `path-max` quota counts it: without a leading `/local/domain/<digits>/`, so
 * that relative and absolute spelling have the same limit.
 */
export const countedPathLength = (canonical: string): number =>
  canonical.length - (HOME.exec(canonical)?.[0].length ?? 0);

/** The path of a node's parent. `/` for a name directly below it, and for a special node; undefined for `/`. */
export const parentPath = (canonical: string): string | undefined => {
  if (canonical === "/") return undefined;
  const slash = canonical.lastIndexOf("/");
  return slash <= 0 ? "/" : canonical.slice(0, slash);
};

/** The last name of a canonical path; empty for `/`. */
export const leafName = (canonical: string): string =>
  canonical.slice(canonical.lastIndexOf("/") + 1);

/** The path of a child. */
export const childPath = (parent: string, name: string): string =>
  parent === "/" ? `/${name}` : `${parent}/${name}`;

const SLASH = 0x2f;
const AT = 0x40;

const ALLOWED = new Uint8Array(0x80);
for (const unit of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@") {
  ALLOWED[unit.charCodeAt(0)] = 1;
}

const isPathUnit = (unit: number): boolean => ALLOWED[unit] === 1;
