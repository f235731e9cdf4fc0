/** What each kind of failure carries: one line per kind. */
interface BitmapErrorDetails {
  /** A size that no bitmap can have: not an integer, or outside of 1..`max`. In bits. */
  readonly "bad-size": { readonly size: number; readonly max: number };
  /** An index or a bound outside of the bitmap, or not an integer. `min` and `max` are inclusive. */
  readonly "out-of-range": {
    readonly argument: "index" | "from" | "to";
    readonly value: number;
    readonly min: number;
    readonly max: number;
  };
  /** Bytes or a buffer of another size than the bitmap needs. In bytes. */
  readonly "wrong-size": { readonly expected: number; readonly actual: number };
  /** A shared buffer that already holds a bitmap of another size. In bits. */
  readonly "wrong-bitmap": { readonly expected: number; readonly actual: number };
  /** A byte image with a bit set at or past the size of the bitmap: the lowest one. */
  readonly "stray-bit": { readonly bit: number; readonly size: number };
}

/** The kinds of failure of this package. */
export type BitmapErrorCode = keyof BitmapErrorDetails;

/** The only error that this package throws. `code` says what kind, `details` by how much. */
export class BitmapError<C extends BitmapErrorCode = BitmapErrorCode> extends Error {
  override readonly name = "BitmapError";
  readonly code: C;
  readonly details: BitmapErrorDetails[C];

  constructor(where: string, code: C, details: BitmapErrorDetails[C]) {
    const list = Object.entries(details).map(([key, value]) => `${key} ${value}`);
    super(`${where}: ${code} (${list.join(", ")})`);
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link BitmapError} from other errors; of one kind, when `code` is given. */
export const isBitmapError = <C extends BitmapErrorCode = BitmapErrorCode>(
  error: unknown,
  code?: C,
): error is BitmapError<C> =>
  error instanceof BitmapError && (code === undefined || error.code === code);
