/** What each kind of failure carries: one line per kind. */
export interface AbiErrorDetails {
  /** The bytes are not exactly the size of the struct, or do not reach it from the given offset. Sizes in bytes. */
  readonly "wrong-size": { readonly expected: number; readonly actual: number };
  /** A value does not fit its field. The bounds are inclusive. */
  readonly "out-of-range": {
    readonly value: number | bigint;
    readonly min: number | bigint;
    readonly max: number | bigint;
  };
  /** A value is of another type than its field, or missing. A number with a fraction is no integer. */
  readonly "wrong-type": { readonly expected: string; readonly actual: string };
  /** A field whose value is fixed has another one: a `cmd` of another operation, for example. */
  readonly "unexpected-value": { readonly expected: number; readonly actual: number };
}

/** The closed set of failures of this package. */
export type AbiErrorCode = keyof AbiErrorDetails;

const show = (details: object): string =>
  Object.entries(details)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");

/**
 * Thrown for bytes or values that do not fit the interface.
 *
 * The message says where, what and by how much: `xen_domctl: wrong-size (expected 144, actual 15)`.
 */
export class AbiError<C extends AbiErrorCode = AbiErrorCode> extends Error {
  override readonly name: string = "AbiError";
  /** Which kind of failure. */
  readonly code: C;
  /** The struct by its C name, with a `.field` where one field is at fault. */
  readonly path: string;
  /** What belongs to this kind of failure. */
  readonly details: AbiErrorDetails[C];

  constructor(code: C, path: string, details: AbiErrorDetails[C]) {
    super(`${path}: ${code} (${show(details)})`);
    this.code = code;
    this.path = path;
    this.details = details;
  }
}

/** Tells an {@link AbiError} from other errors; of one kind, when `code` is given. */
export const isAbiError = <C extends AbiErrorCode = AbiErrorCode>(
  error: unknown,
  code?: C,
): error is AbiError<C> => error instanceof AbiError && (code === undefined || error.code === code);
