import { DOMID, ERRNO, EVTCHNOP, evtchnClose, getDomainState, HYPERVISOR, VIRQ } from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { begin, carryOut, drained } from "./calls.ts";

/** Domain 1 has bound VIRQ_DOM_EXC, has mapped a page of domain 2 and is its device model. */
const entangled = (): Hypervisor => {
  const host = createHypervisor();
  host.createDomain();
  host.createDomain();
  host.setVirqHandler(1);
  host.eventChannels(1).bindVirq(VIRQ.domExc);
  host.setTarget(1, 2);
  host.grantAccess(2, 1, { grantee: 1, gfn: 5, access: "read-write" });
  host.mapGrant(1, 2, 1);
  return host;
};

const destroyBoth = (host: Hypervisor): void => {
  host.destroyDomain(1);
  host.destroyDomain(2);
};

describe("a domain whose destruction has only begun", () => {
  test("gives up the rest to the next destroy when its state was dumped and loaded", () => {
    const host = entangled();
    begin.destroy(host, 1).step();
    const copy = createHypervisor();
    copy.load(host.dump());
    destroyBoth(copy);
    expect([copy.domainCount, copy.changedCount]).toEqual([1, undefined]);
    copy.eventChannels(0).bindVirq(VIRQ.domExc);
  });

  test("gives up the rest to another CPU that overtakes the first", () => {
    const host = entangled();
    const first = begin.destroy(host, 1);
    first.step();
    destroyBoth(host);
    expect([host.domainCount, host.changedCount]).toEqual([1, undefined]);
    host.eventChannels(0).bindVirq(VIRQ.domExc);
    carryOut(first);
    expect(drained(host)).toEqual([[0, 1]]);
  });
});

describe("a hypercall under way when another state is loaded", () => {
  test("is over, and does nothing to that state", () => {
    const host = createHypervisor();
    host.createDomain();
    const port = host.eventChannels(1).allocUnbound(0);
    const local = host.eventChannels(0).bindInterdomain(1, port);
    const close = host.begin(
      1,
      HYPERVISOR.eventChannelOp,
      evtchnClose.encode({ port }),
      EVTCHNOP.close,
    );
    expect(close.next).toBe("close-port");
    host.load(host.dump());
    const before = host.dump();
    expect(close.next).toBeUndefined();
    close.step();
    expect(host.dump()).toEqual(before);
    host.eventChannels(1).clearPending(port);
    host.eventChannels(0).notify(local);
    expect(host.eventChannels(1).isPending(port)).toBe(true);
  });
});

test("a hypercall that ends with an error writes nothing, whatever came into the buffer meanwhile", () => {
  const host = createHypervisor();
  const bytes = getDomainState.encodeRequest(DOMID.invalid);
  const drain = host.begin(0, HYPERVISOR.domctl, bytes);
  bytes.fill(0xee);
  carryOut(drain);
  expect(drain.result).toBe(-ERRNO.ENOENT);
  expect(bytes.every((byte) => byte === 0xee)).toBe(true);
});
