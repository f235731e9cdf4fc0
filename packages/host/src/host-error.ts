/** What each kind of failure carries: one line per kind. */
export interface HostErrorDetails {
  /** The hypervisor or the Xenstore daemon refused what the toolstack asked for. */
  readonly refused: {
    /** What was asked, as Xen calls it: `createdomain`, `INTRODUCE`. */
    readonly operation: string;
    /** The name of an errno: `EEXIST`. */
    readonly errno: string;
    /** Undefined for the creation of a domain with any domid. */
    readonly domid: number | undefined;
  };
  /** The guest is gone; perhaps another has its domid now. */
  readonly gone: { readonly domid: number; readonly uniqueId: bigint };
  /** The host is down, as dom0 shut down; or the daemon has given up the toolstack's connection. */
  readonly closed: { readonly what: "host" | "store" };
  /** An option that makes no sense. */
  readonly "bad-option": { readonly option: string };
}

/** The closed set of failures of this package. */
export type HostErrorCode = keyof HostErrorDetails;

/** A failure of the host. The message says what was wanted and why it cannot be: `domid 7 is in use`. */
export class HostError<C extends HostErrorCode = HostErrorCode> extends Error {
  override readonly name: string = "HostError";
  readonly code: C;
  readonly details: HostErrorDetails[C];

  constructor(code: C, message: string, details: HostErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link HostError} from other errors; of one kind, when `code` is given. */
export const isHostError = <C extends HostErrorCode = HostErrorCode>(
  error: unknown,
  code?: C,
): error is HostError<C> =>
  error instanceof HostError && (code === undefined || error.code === code);
