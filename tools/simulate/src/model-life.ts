import { STATE } from "@xenkit/abi";
import type { DomainChange } from "@xenkit/xenmanage";
import type { ModelDomain } from "./model-perms.ts";
import type { StoreModel } from "./store-model.ts";

/**
 * What the tracker tells ends domains, and shows shutdowns.
 *
 * @param ended - Told of each domain that ends, before its nodes go.
 */
export const follow = (
  model: StoreModel,
  changes: readonly DomainChange[],
  ended: (domain: ModelDomain) => void,
): void => {
  let shutdowns = false;
  for (const { kind, domain } of changes) {
    const { domid, state, uniqueId } = domain;
    const known = model.domains.get(domid);
    if (known === undefined || domid === 0) continue;
    const isGone = kind === "gone" || known.id !== uniqueId;
    if (!isGone && known.introduced && !known.shutdownSeen && (state & STATE.shutdown) !== 0) {
      known.shutdownSeen = true;
      shutdowns = true;
    }
    if (!isGone && (!known.introduced || (state & STATE.dead) === 0)) continue;
    if (known.introduced) shutdowns = false;
    ended(known);
    model.end(known);
  }
  if (shutdowns) model.fireSpecial("@releaseDomain");
};
