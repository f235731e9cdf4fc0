/** What each kind of failure carries: one line per kind. */
export interface OracleErrorDetails {
  /** gcc refused the shim. */
  readonly "shim-not-compiled": { readonly output: string };
  /** The daemon ended before it answered a request. `log` is all that it said. */
  readonly "start-failed": { readonly exit: string; readonly log: string };
  /** The daemon did not answer within the time; it was killed. `log` is all that it said. */
  readonly "start-timeout": { readonly timeoutMs: number; readonly log: string };
  /** A unix socket's path has at most 107 bytes. */
  readonly "path-too-long": { readonly path: string; readonly bytes: number };
  /** No domain has such a domid: an integer from 0 to 0x7fef. */
  readonly "bad-domid": { readonly domid: number };
  readonly "domain-exists": { readonly domid: number };
  readonly "no-such-domain": { readonly domid: number };
  /** Bytes outside of the ring page, which has 4096. */
  readonly "outside-page": { readonly offset: number; readonly length: number };
  /** The daemon's indexes are further apart than the ring is long, or it set the error field of the page. */
  readonly "ring-broken": {
    readonly domid: number;
    readonly producer: number;
    readonly consumer: number;
    readonly error: number;
  };
  /** The connection ended: by us, by the daemon, or because the domain is gone. */
  readonly closed: { readonly what: string };
}

export type OracleErrorCode = keyof OracleErrorDetails;

/** A failure of the oracle's own machinery; what a daemon answers is never one. */
export class OracleError<C extends OracleErrorCode = OracleErrorCode> extends Error {
  override readonly name = "OracleError";
  readonly code: C;
  readonly details: OracleErrorDetails[C];

  constructor(code: C, message: string, details: OracleErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Tells an {@link OracleError} from other errors; of one kind, when `code` is given. */
export const isOracleError = <C extends OracleErrorCode = OracleErrorCode>(
  error: unknown,
  code?: C,
): error is OracleError<C> =>
  error instanceof OracleError && (code === undefined || error.code === code);
