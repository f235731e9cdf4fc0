import { type HypervisorError, isHypervisorError } from "@xenkit/hypervisor";
import { HostError } from "./host-error.ts";

/**
 * Runs an operation of the hypervisor; what it refuses is thrown as a HostError "refused" that says what that means.
 * On a host that is down: HostError "closed".
 *
 * @param domid - What the operation is about; undefined for the creation of a domain with any domid.
 */
export const attempt = <T>(domid: number | undefined, operation: () => T): T => {
  try {
    return operation();
  } catch (cause) {
    if (isHypervisorError(cause, "host-down")) throw hostDown(cause);
    if (!isHypervisorError(cause, "errno")) throw cause;
    const { operation: name, name: errno } = cause.details;
    throw refused(name, errno, domid, cause);
  }
};

const hostDown = (cause: HypervisorError<"host-down">): HostError<"closed"> => {
  const message = `the host is down: dom0 shut down (reason ${cause.details.reason})`;
  return new HostError("closed", message, { what: "host" }, { cause });
};

/**
 * A refusal.
 *
 * @param operation - As Xen calls it: `createdomain`, `INTRODUCE`.
 * @param errno - Its name.
 */
export const refused = (
  operation: string,
  errno: string,
  domid: number | undefined,
  cause?: unknown,
): HostError<"refused"> => {
  const meaning = MEANINGS[`${operation} ${errno}`] ?? MEANINGS[errno] ?? otherMeaning;
  return new HostError(
    "refused",
    meaning(domid ?? "any", operation),
    { operation, errno, domid },
    { cause },
  );
};

type Meaning = (domid: number | "any", operation: string) => string;

const otherMeaning: Meaning = (domid, operation) => `${operation} of domain ${domid} was refused`;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  "createdomain EEXIST": (domid) =>
    domid === "any" ? "every domid is in use" : `domid ${domid} is in use`,
  "createdomain ENOMEM": () => "the host has no room for another domain",
  "createdomain ENOSPC": () => "there is no unique id left",
  "createdomain EINVAL": () => "this configuration of a domain makes no sense",
  "pausedomain EOVERFLOW": (domid) => `domain ${domid} is paused 255 times already`,
  "unpausedomain EINVAL": (domid) => `domain ${domid} is not paused`,
  ESRCH: (domid) => `there is no domain ${domid}`,
  EPERM: (domid, operation) => `${operation} of domain ${domid} is not permitted`,
};
