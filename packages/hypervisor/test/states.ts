import {
  createHypervisor,
  type Hypervisor,
  type HypervisorState,
  isHypervisorError,
} from "@xenkit/hypervisor";

/** What a host says of itself, as it comes out of a file. */
export const throughJson = (host: Hypervisor): HypervisorState =>
  JSON.parse(JSON.stringify(host.dump()));

/** Why a state is refused. */
export const refusalOf = (state: unknown): { readonly path: string; readonly reason: string } => {
  try {
    createHypervisor({ limits: { domains: 5 } }).load(state);
  } catch (error) {
    if (isHypervisorError(error, "bad-state")) return error.details;
    throw error;
  }
  throw new Error("the state was not refused");
};

type Path = readonly (string | number)[];

/** Where every value of a tree is, inner ones included. */
export const placesOf = (value: unknown): Path[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [
        [key],
        ...placesOf(inner).map((path) => [key, ...path]),
      ]);

export const withValue = (tree: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value;
  const copy = (Array.isArray(tree) ? [...tree] : { ...(tree as object) }) as Record<
    string,
    unknown
  >;
  copy[key] = withValue(copy[key], rest, value);
  return copy;
};
