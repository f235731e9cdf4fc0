import { isHostError } from "@xenkit/host";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ControlErrorCode, DomainAnswer, ErrorAnswer } from "./control-protocol.ts";

/** A refused request, as it is answered. */
export class ControlFailure extends Error {
  override readonly name: string = "ControlFailure";
  readonly status: ContentfulStatusCode;
  /** A {@link ControlErrorCode}, or an errno name of the hypervisor. */
  readonly code: string;
  /** The guests that a failed creation made before. */
  readonly domains: readonly DomainAnswer[] | undefined;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    domains?: readonly DomainAnswer[],
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.domains = domains;
  }

  answer(): ErrorAnswer {
    const error = { code: this.code, message: this.message };
    return this.domains === undefined ? { error } : { error, domains: this.domains };
  }
}

/** A failure of the protocol's own. */
export const controlFailure = (
  status: ContentfulStatusCode,
  code: ControlErrorCode,
  message: string,
): ControlFailure => new ControlFailure(status, code, message);

/** What the host refused, as a failure; undefined for another error. */
export const refusalOf = (error: unknown): ControlFailure | undefined => {
  if (isHostError(error, "refused")) {
    const { errno } = error.details;
    return new ControlFailure(errno === "ESRCH" ? 404 : 409, errno, error.message);
  }
  if (isHostError(error, "gone")) return new ControlFailure(404, "ESRCH", error.message);
  if (isHostError(error, "closed")) return controlFailure(503, "host-down", error.message);
  return undefined;
};
