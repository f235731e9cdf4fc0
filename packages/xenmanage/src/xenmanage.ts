import { DOMID, DomainStateView, ERRNO, HYPERVISOR } from "@xenkit/abi";
import type { DomainInfo } from "./domain-info.ts";
import type { Hypercall } from "./hypercall.ts";
import { refused, XenmanageError } from "./xenmanage-error.ts";

/** What a handle needs of the outside world. */
export interface XenmanageOptions {
  readonly hypercall: Hypercall;
}

/**
 * A handle on the stable interface: `get_domain_state` with one reused buffer.
 *
 * The pair {@link Xenmanage.query} and {@link Xenmanage.poll} leaves its answer in
 * {@link Xenmanage.answer} and allocates nothing; the other two copy it out.
 */
export interface Xenmanage {
  /** The answer of the last {@link query} or {@link poll} that returned true. Read it at once: the next call overwrites it. */
  readonly answer: DomainStateView;

  /**
   * Asks for one domain, into {@link answer}. The domain's mark is not touched.
   *
   * @param domid - 0 to 0x7FEF.
   * @returns Whether there is such a domain.
   * @throws XenmanageError EINVAL for another `domid`, before any hypercall; EPERM when the caller may not ask
   * (from Xen 4.22 also when there is no such domain and the caller is no control domain).
   */
  query(domid: number): boolean;

  /**
   * Takes the lowest marked domain, into {@link answer}. A domain that is gone has state 0 and unique id 0.
   *
   * @returns Whether there was one: false is ENOENT, everything is drained (or VIRQ_DOM_EXC is not bound).
   * @throws XenmanageError EACCES when another domain handles VIRQ_DOM_EXC; EPERM when the caller is neither a
   * control nor the Xenstore domain.
   */
  poll(): boolean;

  /** As {@link query}, with the answer copied; undefined when there is no such domain. */
  getDomainInfo(domid: number): DomainInfo | undefined;

  /** As {@link poll}, with the answer copied; undefined when nothing is marked. */
  pollChangedDomain(): DomainInfo | undefined;
}

/** Opens a handle. It holds nothing but its buffer: there is nothing to close. */
export const openXenmanage = ({ hypercall }: XenmanageOptions): Xenmanage => {
  const views = [new DomainStateView()];
  let answer = views[0] as DomainStateView;
  let depth = 0;

  /**
   * An event can be delivered before the hypercall that raised it returns, and its listener can come back here:
   * such a nested call has a buffer of its own, or it would overwrite the answer that the outer one is to read.
   */
  const call = (domid: number): number => {
    const view = views[depth] ?? new DomainStateView();
    views[depth] = view;
    view.writeRequest(domid);
    depth += 1;
    try {
      return hypercall(HYPERVISOR.domctl, view.bytes);
    } finally {
      depth -= 1;
      answer = view;
    }
  };

  const copy = (): DomainInfo => ({
    domid: answer.domid,
    state: answer.state,
    caps: answer.caps,
    uniqueId: answer.uniqueId,
  });

  const query = (domid: number): boolean => {
    if (!Number.isInteger(domid) || domid < 0 || domid >= DOMID.firstReserved) {
      throw refused("getDomainInfo", domid, ERRNO.EINVAL);
    }
    const rc = call(domid);
    if (rc === 0) return true;
    if (rc === -ERRNO.ESRCH) return false;
    throw refused("getDomainInfo", domid, -rc);
  };

  const poll = (): boolean => {
    const rc = call(DOMID.invalid);
    if (rc === -ERRNO.ENOENT) return false;
    if (rc !== 0) throw refused("pollChangedDomain", DOMID.invalid, -rc);
    const { domid } = answer;
    if (domid < DOMID.firstReserved) return true;
    const message = `pollChangedDomain: bad-answer: 0x${domid.toString(16)} is no domid of a domain`;
    throw new XenmanageError("bad-answer", message, { operation: "pollChangedDomain", domid });
  };

  return {
    get answer() {
      return answer;
    },
    query,
    poll,
    getDomainInfo: (domid) => (query(domid) ? copy() : undefined),
    pollChangedDomain: () => (poll() ? copy() : undefined),
  };
};
