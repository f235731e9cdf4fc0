import {
  DOMID,
  ERRNO,
  EVTCHNOP,
  EVTCHNSTAT,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBinding,
  evtchnStatus,
  HYPERVISOR,
  VIRQ,
} from "@xenkit/abi";
import { createHypervisor, type Hypervisor } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { connected } from "./hosts.ts";

/**
 * event_channel_op with a struct of 32-bit words. @returns The result, and the words afterwards.
 */
const op = (host: Hypervisor, caller: number, cmd: number, ...words: number[]): number[] => {
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  const result = host.hypercall(caller, HYPERVISOR.eventChannelOp, bytes, cmd);
  return [result, ...new Uint32Array(bytes.buffer)];
};

const status = (host: Hypervisor, caller: number, dom: number, port: number): unknown => {
  const request = { dom, port, status: 0, vcpu: 0, u: { first: 0, second: 0 } };
  const bytes = evtchnStatus.encode(request);
  const result = host.hypercall(caller, HYPERVISOR.eventChannelOp, bytes, EVTCHNOP.status);
  return result === 0 ? evtchnBinding(evtchnStatus.decode(bytes)) : result;
};

describe("event channels by hypercall", () => {
  test("alloc_unbound and bind_interdomain connect two ports, and status says so", () => {
    const host = createHypervisor();
    host.createDomain();
    const unbound = evtchnAllocUnbound.encode({ dom: DOMID.self, remoteDom: 0, port: 0 });
    expect(host.hypercall(1, HYPERVISOR.eventChannelOp, unbound, EVTCHNOP.allocUnbound)).toBe(0);
    const { port } = evtchnAllocUnbound.decode(unbound);
    expect(status(host, 1, DOMID.self, port)).toEqual({ kind: "unbound", dom: 0 });
    const bind = evtchnBindInterdomain.encode({ remoteDom: 1, remotePort: port, localPort: 0 });
    expect(host.hypercall(0, HYPERVISOR.eventChannelOp, bind, EVTCHNOP.bindInterdomain)).toBe(0);
    const { localPort } = evtchnBindInterdomain.decode(bind);
    // What was sent before must not be missed.
    expect(host.eventChannels(0).isPending(localPort)).toBe(true);
    expect(status(host, 1, 1, port)).toEqual({ kind: "interdomain", dom: 0, port: localPort });
    expect(status(host, 0, 1, port)).toEqual({ kind: "interdomain", dom: 0, port: localPort });
    expect(status(host, 0, DOMID.self, localPort)).toEqual({ kind: "interdomain", dom: 1, port });
  });

  test("a toolstack opens a port in a guest for itself; a guest cannot in another", () => {
    const host = createHypervisor();
    host.createDomain();
    host.createDomain();
    expect(op(host, 0, EVTCHNOP.allocUnbound, 1, 0)).toEqual([0, 1, 1]);
    expect(op(host, 2, EVTCHNOP.allocUnbound, 1, 0)[0]).toBe(-ERRNO.EPERM);
    expect(op(host, 2, EVTCHNOP.allocUnbound, 9, 0)[0]).toBe(-ERRNO.ESRCH);
  });

  test("a port can only be bound by whom it waits for, and once", () => {
    const { host, port } = connected();
    const open = host.eventChannels(1).allocUnbound(2);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, open, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, port, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, 999, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 77, port, 0)[0]).toBe(-ERRNO.ESRCH);
    expect(op(host, 2, EVTCHNOP.bindInterdomain, 1, open, 0)[0]).toBe(0);
  });

  test("send signals the other end; into an unbound port it is lost; from a VIRQ it is EINVAL", () => {
    const { host, port, remotePort } = connected();
    expect(op(host, 1, EVTCHNOP.send, port)[0]).toBe(0);
    expect(host.eventChannels(0).isPending(remotePort)).toBe(true);
    expect(op(host, 1, EVTCHNOP.send, host.eventChannels(1).allocUnbound(0))[0]).toBe(0);
    expect(op(host, 1, EVTCHNOP.send, host.eventChannels(1).bindVirq(VIRQ.timer))[0]).toBe(
      -ERRNO.EINVAL,
    );
    expect(op(host, 1, EVTCHNOP.send, 0)[0]).toBe(-ERRNO.EINVAL);
    expect(op(host, 1, EVTCHNOP.send, 0xffffffff)[0]).toBe(-ERRNO.EINVAL);
  });

  test("close leaves the other end unbound, for the same domain to bind again", () => {
    const { host, port, remotePort } = connected();
    expect(op(host, 0, EVTCHNOP.close, remotePort)[0]).toBe(0);
    expect(op(host, 0, EVTCHNOP.close, remotePort)[0]).toBe(-ERRNO.EINVAL);
    expect(status(host, 1, DOMID.self, port)).toEqual({ kind: "unbound", dom: 0 });
    expect(host.eventChannels(0).bindInterdomain(1, port)).toBe(remotePort);
  });

  test("the death of a domain closes its ports", () => {
    const { host, remotePort } = connected();
    host.destroyDomain(1);
    expect(status(host, 0, DOMID.self, remotePort)).toEqual({ kind: "unbound", dom: 1 });
  });

  test("reset closes all ports of a domain; of another only with power over it", () => {
    const { host } = connected();
    expect(op(host, 2, EVTCHNOP.reset, 1)[0]).toBe(-ERRNO.EPERM);
    expect(host.eventChannels(1).count).toBe(1);
    expect(op(host, 1, EVTCHNOP.reset, DOMID.self)[0]).toBe(0);
    expect(host.eventChannels(1).count).toBe(0);
  });

  test("status knows VIRQs, IPIs and closed ports, and refuses a port past the limit", () => {
    const { host } = connected();
    const channels = host.eventChannels(1);
    expect(status(host, 1, 1, channels.bindVirq(VIRQ.debug))).toEqual({ kind: "virq", virq: 1 });
    expect(op(host, 1, EVTCHNOP.bindIpi, 0, 0)).toEqual([0, 0, 3]);
    expect(status(host, 1, 1, 3)).toEqual({ kind: "ipi" });
    expect(status(host, 1, 1, 1023)).toEqual({ kind: "closed" });
    expect(status(host, 1, 1, 1024)).toBe(-ERRNO.EINVAL);
    expect(status(host, 2, 1, 1)).toBe(-ERRNO.EPERM);
  });

  test("domid SELF is the caller itself, as owner and as the other end", () => {
    const { host } = connected();
    expect(op(host, 2, EVTCHNOP.allocUnbound, DOMID.self | (DOMID.self << 16), 0)[0]).toBe(0);
    expect(status(host, 2, 2, 1)).toEqual({ kind: "unbound", dom: 2 });
    expect(op(host, 2, EVTCHNOP.bindInterdomain, DOMID.self, 1, 0)).toEqual([0, DOMID.self, 1, 2]);
    expect(status(host, 2, 2, 2)).toEqual({ kind: "interdomain", dom: 2, port: 1 });
  });

  test("the port is told in its field of the request, and the rest stays as it was", () => {
    const host = createHypervisor({ dom0Vcpus: 2 });
    expect(op(host, 0, EVTCHNOP.bindIpi, 1, 7)).toEqual([0, 1, 1]);
    expect(op(host, 0, EVTCHNOP.bindVirq, VIRQ.debug, 1, 7)).toEqual([0, VIRQ.debug, 1, 2]);
    expect(op(host, 0, EVTCHNOP.allocUnbound, 5 << 16, 7)).toEqual([0, 5 << 16, 3]);
    expect(op(host, 0, EVTCHNOP.bindIpi, 256, 7)[0]).toBe(-ERRNO.ENOENT);
  });

  test("status gives every field; of a closed port all are 0", () => {
    const host = createHypervisor({ dom0Vcpus: 2 });
    host.eventChannels(0).bindVirq(VIRQ.debug, 1);
    host.createDomain();
    const guest = host.eventChannels(1);
    const dom0 = host.eventChannels(0);
    dom0.close(dom0.bindInterdomain(1, guest.allocUnbound(0)));
    const words = (port: number, domid: number = DOMID.self): number[] =>
      op(host, 0, EVTCHNOP.status, domid, port, 9, 9, 9, 9).slice(1);
    expect(words(1, 1)).toEqual([1, 1, EVTCHNSTAT.unbound, 0, 0, 0]);
    expect(words(1)).toEqual([DOMID.self, 1, EVTCHNSTAT.virq, 1, VIRQ.debug, 0]);
    expect(words(2)).toEqual([DOMID.self, 2, EVTCHNSTAT.closed, 0, 0, 0]);
  });

  test("without a free port it is ENOSPC; in a domain on its way out EINVAL", () => {
    const host = createHypervisor({ limits: { eventPorts: 1 } });
    host.createDomain({ teardownSteps: 1 });
    const port = host.eventChannels(1).allocUnbound(0);
    expect(op(host, 0, EVTCHNOP.allocUnbound, 1, 0)[0]).toBe(-ERRNO.ENOSPC);
    host.eventChannels(0).bindIpi();
    expect(op(host, 0, EVTCHNOP.bindIpi, 0, 0)[0]).toBe(-ERRNO.ENOSPC);
    expect(op(host, 0, EVTCHNOP.bindInterdomain, 1, port, 0)[0]).toBe(-ERRNO.ENOSPC);
    host.destroyStep(1);
    expect(op(host, 0, EVTCHNOP.allocUnbound, 1, 0)[0]).toBe(-ERRNO.EINVAL);
  });

  test("an IPI is sent by the domain to itself", () => {
    const host = createHypervisor();
    const port = host.eventChannels(0).bindIpi();
    expect(op(host, 0, EVTCHNOP.send, port)[0]).toBe(0);
    expect(host.eventChannels(0).isPending(port)).toBe(true);
  });

  test.each(Object.entries(EVTCHNOP))(
    "%s in a buffer that is too short is EFAULT or ENOSYS",
    (_name, cmd) => {
      const host = createHypervisor();
      for (const buffer of [undefined, new Uint8Array(1)]) {
        const result = host.hypercall(0, HYPERVISOR.eventChannelOp, buffer, cmd);
        expect([-ERRNO.EFAULT, -ERRNO.ENOSYS]).toContain(result);
      }
    },
  );

  test("unmask delivers what waited; of a closed port it is EINVAL", () => {
    const { host, port, remotePort } = connected();
    const calls: number[] = [];
    host.eventChannels(0).onEvent((called) => calls.push(called));
    host.eventChannels(0).mask(remotePort);
    host.eventChannels(1).notify(port);
    expect(calls).toEqual([]);
    expect(op(host, 0, EVTCHNOP.unmask, remotePort)[0]).toBe(0);
    expect(calls).toEqual([remotePort]);
    expect(op(host, 0, EVTCHNOP.unmask, 99)[0]).toBe(-ERRNO.EINVAL);
  });
});
