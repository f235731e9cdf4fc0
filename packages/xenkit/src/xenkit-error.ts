/** What each kind of failure carries: one line per kind. */
export interface XenkitErrorDetails {
  /** No host answers in this directory. */
  readonly "no-host": { readonly directory: string };
  /** The host went away in the middle of an answer. */
  readonly "host-gone": { readonly directory: string };
  /** Another process runs a host in this directory. */
  readonly "already-running": { readonly directory: string; readonly pid: number };
  /** A unix socket path is longer than the system allows. Lengths in bytes. */
  readonly "path-too-long": {
    readonly path: string;
    readonly length: number;
    readonly max: number;
  };
  /** The directory, or a file where a socket belongs, is not what it must be. */
  readonly "unsafe-path": { readonly path: string };
  /** The system does not let us write here, or serve a socket. */
  readonly "cannot-serve": { readonly path: string };
  /** The host refused a request. `reason` is an errno name, or a code of the control protocol. */
  readonly refused: { readonly reason: string; readonly status: number };
  /** A store command cannot go on; the message is what Xen's program of its name would say. */
  readonly "store-failed": Readonly<Record<string, never>>;
  /** The answer on the control socket is none of the protocol. */
  readonly "bad-answer": { readonly status: number };
}

/** The closed set of failures of this package. */
export type XenkitErrorCode = keyof XenkitErrorDetails;

/** A failure that the user of the command line can understand: shown as its message, without a stack. */
export class XenkitError<C extends XenkitErrorCode = XenkitErrorCode> extends Error {
  override readonly name: string = "XenkitError";
  readonly code: C;
  readonly details: XenkitErrorDetails[C];

  constructor(code: C, message: string, details: XenkitErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link XenkitError} from other errors; of one kind, when `code` is given. */
export const isXenkitError = <C extends XenkitErrorCode = XenkitErrorCode>(
  error: unknown,
  code?: C,
): error is XenkitError<C> =>
  error instanceof XenkitError && (code === undefined || error.code === code);

/** What the system did not let us do. */
export const cannotServe = (
  path: string,
  what: string,
  cause: unknown,
): XenkitError<"cannot-serve"> => {
  const message = `${what}: ${(cause as Error).message}`;
  return new XenkitError("cannot-serve", message, { path }, { cause });
};

/** A failure of a store command, as Xen's program would say it. */
export const storeFailed = (message: string, cause?: unknown): XenkitError<"store-failed"> =>
  new XenkitError("store-failed", message, {}, { cause });

/** A failure as the user is told. What was refused starts with its name: `xenkit: EEXIST: domid 7 is in use`. */
export const failureText = (error: Error): string =>
  isXenkitError(error, "refused")
    ? `xenkit: ${error.details.reason}: ${error.message}`
    : `xenkit: ${error.message}`;
