import { loadC } from "@xenkit/bench";
import { PLACES_LIST } from "./cycles.ts";

const library = loadC(new URL("./bitmap.c", import.meta.url), {
  use_places: "void use_places(const int32_t *from)",
  flat_cycles: "double flat_cycles(int k, int cycles)",
  hier_cycles: "double hier_cycles(int k, int cycles)",
  hier_batch_cycles: "double hier_batch_cycles(int k, int cycles)",
  flat_empty_checks: "double flat_empty_checks(int rounds)",
  flat_set_and_clear: "double flat_set_and_clear(int rounds)",
  flat_count: "double flat_count(int rounds)",
  taken_by: "int32_t taken_by(int which, int k, _Out_ int32_t *into)",
});

type CFunction =
  | "flat_cycles"
  | "hier_cycles"
  | "hier_batch_cycles"
  | "flat_empty_checks"
  | "flat_set_and_clear"
  | "flat_count"
  | "taken_by";

library.use_places(PLACES_LIST);

/** The C contenders. Each returns nanoseconds per operation, by its own clock. */
export const c: Readonly<Record<CFunction, (...args: unknown[]) => number>> = library;

export const C_FLAT = "C, flat";
export const C_HIERARCHICAL = "C, hierarchical";
export const C_BATCH = "C, hierarchical, batch";
