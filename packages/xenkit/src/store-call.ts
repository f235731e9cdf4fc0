import type { Client } from "@xenkit/xenstore-client";
import type { StoreOptions } from "./store-options.ts";
import { requestFailure } from "./strerror.ts";
import { storeFailed } from "./xenkit-error.ts";

/** What a store command is called with. */
export interface StoreCall {
  readonly client: Client;
  readonly options: StoreOptions;
  readonly operands: readonly string[];
  /** Writes to the output, as it is. */
  readonly write: (data: string | Uint8Array) => void;
  /** Tells the user a line, behind the program's name. */
  readonly tell: (line: string) => void;
  /** The width of the terminal that the output goes to; undefined for anything else. */
  readonly columns: number | undefined;
  readonly ended: AbortSignal;
}

/** The exit code. Throws XenkitError store-failed with what the programs would say. */
export type StoreCommand = (call: StoreCall) => Promise<number>;

/** A rejection handler that says `what` failed; behind it why, when `{ reason: true }`. */
export const saying =
  (what: string, { reason = false }: { readonly reason?: boolean } = {}) =>
  (cause: unknown): never => {
    const why = requestFailure(cause);
    throw storeFailed(reason ? `${what}: ${why}` : what, cause);
  };

/** A child's path, as the programs join it: of `/` too there are two slashes. */
export const joined = (path: string, name: string): string => `${path}/${name}`;
