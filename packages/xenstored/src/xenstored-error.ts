/** What each kind of failure carries: one line per kind. */
export interface XenstoredErrorDetails {
  /** Somebody serves the socket already. */
  readonly "in-use": { readonly path: string };
  /** What is there is no socket: it is not touched. */
  readonly "not-a-socket": { readonly path: string };
  /** The path cannot be that of a unix socket. Lengths in bytes. */
  readonly "path-too-long": {
    readonly path: string;
    readonly length: number;
    readonly limit: number;
  };
  /** The system refused. `errno` is its name for it. */
  readonly "cannot-listen": { readonly path: string; readonly errno: string };
  /** The engine `epoll` was asked for where it cannot run. */
  readonly "no-epoll": { readonly platform: string };
}

/** The kinds of failure. */
export type XenstoredErrorCode = keyof XenstoredErrorDetails;

/** Why a daemon cannot be served. What a client does wrong is answered to the client. */
export class XenstoredError<C extends XenstoredErrorCode = XenstoredErrorCode> extends Error {
  override readonly name = "XenstoredError";
  readonly code: C;
  readonly details: XenstoredErrorDetails[C];

  constructor(
    message: string,
    { code, details, cause }: ErrorOptions & { code: C; details: XenstoredErrorDetails[C] },
  ) {
    super(message, { cause });
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link XenstoredError} from other errors; of one kind, when `code` is given. */
export const isXenstoredError = <C extends XenstoredErrorCode = XenstoredErrorCode>(
  error: unknown,
  code?: C,
): error is XenstoredError<C> =>
  error instanceof XenstoredError && (code === undefined || error.code === code);
