import { loadC } from "@xenkit/bench";
import { PLACES_LIST } from "./cycles.ts";

const library = loadC(new URL("./bitmap.c", import.meta.url), {
  use_places: "void use_places(const int32_t *from)",
  flat_pulls: "double flat_pulls(int k, int pool, int rounds)",
  flat_pulls_inlined: "double flat_pulls_inlined(int k, int pool, int rounds)",
  hier_pulls: "double hier_pulls(int k, int pool, int rounds)",
  hier_pulls_inlined: "double hier_pulls_inlined(int k, int pool, int rounds)",
  hier_batches: "double hier_batches(int k, int pool, int rounds)",
  flat_empty_checks: "double flat_empty_checks(int rounds)",
  flat_set_and_clear: "double flat_set_and_clear(int rounds)",
  flat_set_and_clear_inlined: "double flat_set_and_clear_inlined(int rounds)",
  flat_count: "double flat_count(int rounds)",
  taken_by: "int32_t taken_by(int which, int k, _Out_ int32_t *into)",
});

type CFunction =
  | "flat_pulls"
  | "flat_pulls_inlined"
  | "hier_pulls"
  | "hier_pulls_inlined"
  | "hier_batches"
  | "flat_empty_checks"
  | "flat_set_and_clear"
  | "flat_set_and_clear_inlined"
  | "flat_count"
  | "taken_by";

library.use_places(PLACES_LIST);

/** The C contenders. Each returns nanoseconds per operation, by its own clock. */
export const c: Readonly<Record<CFunction, (...args: unknown[]) => number>> = library;

export const C_FLAT = "C, flat";
export const C_FLAT_INLINED = "C, flat, inlined";
export const C_HIERARCHICAL = "C, hierarchical";
export const C_HIERARCHICAL_INLINED = "C, hierarchical, inlined";
export const C_BATCH = "C, hierarchical, batch";

/** How a table's notes say what C is. */
export const C_NOTE =
  "C is `gcc -O3 -march=native`, one function for each operation, called as a library's functions are; _inlined_: the compiler merges it into the loop. _Bare_: the least that JavaScript does for it (bare.ts): no checks, no running count, no index of full words, no other size.";
