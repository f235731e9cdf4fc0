/** What each kind of failure carries: one line per kind. */
export interface WireErrorDetails {
  /** A header announces more than a message may carry. Sizes in bytes. The stream cannot be trusted any further. */
  readonly "payload-too-long": { readonly length: number; readonly limit: number };
  /** A value does not fit its field. The bound is inclusive. */
  readonly "out-of-range": {
    readonly field: string;
    readonly value: number;
    readonly max: number;
  };
  /** A record of a state stream that cannot be. `record`: its name; `offset`: where in the stream it begins. */
  readonly "bad-state": { readonly record: string; readonly offset: number };
  /** A string to be sent holds a code unit above 0xff: it stands for no byte. */
  readonly "not-bytes": { readonly index: number; readonly unit: number };
}

/** The kinds of failure. */
export type WireErrorCode = keyof WireErrorDetails;

/** A message that cannot be. Errors that travel as messages are {@link WireErrorName}, not this. */
export class WireError<C extends WireErrorCode = WireErrorCode> extends Error {
  override readonly name = "WireError";
  readonly code: C;
  readonly details: WireErrorDetails[C];

  constructor(code: C, message: string, details: WireErrorDetails[C]) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link WireError} from other errors; of one kind, when `code` is given. */
export const isWireError = <C extends WireErrorCode = WireErrorCode>(
  error: unknown,
  code?: C,
): error is WireError<C> =>
  error instanceof WireError && (code === undefined || error.code === code);
