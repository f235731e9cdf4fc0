import { DOMCTL, DOMINF, HYPERVISOR, INTERFACE_VERSION, STATE } from "@xenkit/abi";
import type { Hypervisor } from "@xenkit/hypervisor";
import type { Xenmanage } from "@xenkit/xenmanage";

/** Where `flags` of getdomaininfo is: 4 bytes into the union. */
const FLAGS_AT = 20;

/** Says of one domain whether it is shut down; undefined when there is no such domain. */
export type Query = (domid: number) => boolean | undefined;

/** getdomaininfo with one reused buffer: no allocation, no decoding but of the flag that is looked for. */
export const byDomainInfo = (host: Hypervisor): Query => {
  const request = new Uint32Array(36);
  const bytes = new Uint8Array(request.buffer);
  return (domid) => {
    request[0] = DOMCTL.getdomaininfo;
    request[1] = INTERFACE_VERSION["4.22"];
    request[2] = domid;
    if (host.hypercall(0, HYPERVISOR.domctl, bytes) !== 0) return undefined;
    return ((bytes[FLAGS_AT] as number) & DOMINF.shutdown) !== 0;
  };
};

/** get_domain_state by domid: the cheapest question that can be asked. */
export const byDomainState =
  (manage: Xenmanage): Query =>
  (domid) =>
    manage.query(domid) ? (manage.answer.state & STATE.shutdown) !== 0 : undefined;

/**
 * What a Xenstore daemon did before the interface: at each VIRQ_DOM_EXC it asks for every domain that it knows.
 *
 * @param stopped - By domid: 1 for a domain that is known to be shut down. Brought up to date.
 * @returns The domid whose flag changed; -1 for none.
 */
export const queryAll = (query: Query, domids: readonly number[], stopped: Uint8Array): number => {
  let found = -1;
  for (const domid of domids) {
    const now = query(domid) === true ? 1 : 0;
    if (now === stopped[domid]) continue;
    stopped[domid] = now;
    found = domid;
  }
  return found;
};
