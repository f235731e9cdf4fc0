/** Whose column of the deviations counts: xenstored or oxenstored. */
export type Reference = "c" | "ocaml";
