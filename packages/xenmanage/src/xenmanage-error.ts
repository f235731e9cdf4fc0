import { errnoName } from "@xenkit/abi";

/** What was attempted when a call failed. */
export type XenmanageOperation = "getDomainInfo" | "pollChangedDomain" | "bindVirq";

/** A call that the hypervisor refused, or that was refused on its behalf. */
interface Refusal {
  readonly operation: XenmanageOperation;
  /** The domid of the request; `DOMID_INVALID` (0x7FF4) for {@link XenmanageOperation} `pollChangedDomain`. */
  readonly domid: number;
  /** A positive errno of Xen. */
  readonly errno: number;
}

/** What each kind of failure carries: one line per kind. */
export interface XenmanageErrorDetails {
  /** The caller is neither a control nor the Xenstore domain; from 4.22 also: no such domain, for all but control domains. */
  readonly EPERM: Refusal;
  /** The caller no longer handles VIRQ_DOM_EXC: the handler moved. */
  readonly EACCES: Refusal;
  /** Not a domid that can name a domain (≥ 0x7FF0, negative, no integer): refused before any hypercall is made. */
  readonly EINVAL: Refusal;
  /** Another domain is the handler of VIRQ_DOM_EXC. */
  readonly EBUSY: Refusal;
  /** VIRQ_DOM_EXC is bound already. */
  readonly EEXIST: Refusal;
  /** Any other errno: read `details.errno`. */
  readonly "unexpected-errno": Refusal;
  /** The hypervisor's answer has a domid that no domain can have. */
  readonly "bad-answer": { readonly operation: XenmanageOperation; readonly domid: number };
  /** ENOENT did not come within `limit` answers: the marks are set faster than they are read. */
  readonly "endless-drain": { readonly limit: number };
  /** Nobody took `limit` changes out of the queue of `changesOf`. */
  readonly "queue-overflow": { readonly limit: number };
  /** A limit that is not 1 or more. */
  readonly "bad-option": { readonly option: "limit" | "drainLimit"; readonly value: number };
  /** The tracker is running already, or not running. */
  readonly "wrong-state": { readonly expected: "running" | "stopped" };
}

/** The kinds of failure. */
export type XenmanageErrorCode = keyof XenmanageErrorDetails;

/** A failure of this package. `code` is the errno's name where the hypervisor gave one. */
export class XenmanageError<C extends XenmanageErrorCode = XenmanageErrorCode> extends Error {
  override readonly name = "XenmanageError";
  readonly code: C;
  readonly details: XenmanageErrorDetails[C];

  constructor(code: C, message: string, details: XenmanageErrorDetails[C], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** Tells a {@link XenmanageError} from other errors; of one kind, when `code` is given. */
export const isXenmanageError = <C extends XenmanageErrorCode = XenmanageErrorCode>(
  error: unknown,
  code?: C,
): error is XenmanageError<C> =>
  error instanceof XenmanageError && (code === undefined || error.code === code);

const REFUSALS = { 1: "EPERM", 13: "EACCES", 16: "EBUSY", 17: "EEXIST", 22: "EINVAL" } as const;

const why = (code: XenmanageErrorCode, operation: XenmanageOperation): string => {
  if (code === "EACCES") return ": another domain handles VIRQ_DOM_EXC";
  if (code === "EBUSY") return ": another domain is the handler of VIRQ_DOM_EXC";
  if (code === "EEXIST") return ": VIRQ_DOM_EXC is bound already";
  if (code === "EPERM" && operation === "getDomainInfo") return ": not allowed, or no such domain";
  return "";
};

/** What is no domid at all is shown as it is. */
const domidName = (domid: number): string =>
  Number.isInteger(domid) && domid >= 0 ? `0x${domid.toString(16)}` : `${domid}`;

/** The error for a call that gave a negated errno. */
export const refused = (
  operation: XenmanageOperation,
  domid: number,
  errno: number,
  cause?: unknown,
): XenmanageError => {
  const code = (REFUSALS as Readonly<Record<number, keyof XenmanageErrorDetails>>)[errno];
  const known = code ?? "unexpected-errno";
  return new XenmanageError(
    known,
    `${operation} of domid ${domidName(domid)}: ${errnoName(errno)}${why(known, operation)}`,
    { operation, domid, errno },
    cause,
  );
};
