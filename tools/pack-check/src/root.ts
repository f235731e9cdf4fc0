import { join } from "node:path";

/** The folder of the checkout, absolute. */
export const root: string = join(import.meta.dirname, "../../..");
