/** What each kind of failure carries: one line per kind. */
interface HypervisorErrorDetails {
  /** A typed operation got an errno from the hypervisor. `errno` is positive. */
  readonly errno: { readonly operation: string; readonly errno: number; readonly name: string };
  /** An option of {@link createHypervisor} is out of range. */
  readonly "bad-option": { readonly option: string; readonly reason: string };
  /** A dumped state cannot be loaded. `path` is where in the state. */
  readonly "bad-state": { readonly path: string; readonly reason: string };
  /** The hardware domain shut down, and the host with it. `reason` is a SHUTDOWN_* number. */
  readonly "host-down": { readonly reason: number };
}

/** The closed set of kinds. */
export type HypervisorErrorCode = keyof HypervisorErrorDetails;

/**
 * The one error class of this package. A hypercall never throws it, except `host-down`: it answers
 * −errno.
 */
export class HypervisorError<C extends HypervisorErrorCode = HypervisorErrorCode> extends Error {
  override readonly name = "HypervisorError";
  /** Which kind of failure. */
  readonly code: C;
  /** What belongs to this kind of failure. */
  readonly details: HypervisorErrorDetails[C];

  constructor(code: C, details: HypervisorErrorDetails[C]) {
    super(`${code} (${describe(details)})`);
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link HypervisorError} from other errors; of one kind, when `code` is given. */
export const isHypervisorError = <C extends HypervisorErrorCode = HypervisorErrorCode>(
  error: unknown,
  code?: C,
): error is HypervisorError<C> =>
  error instanceof HypervisorError && (code === undefined || error.code === code);

const describe = (details: object): string =>
  Object.entries(details)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ");
