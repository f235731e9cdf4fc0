import { CAPS, DOMID, ERRNO, VIRQ } from "@xenkit/abi";
import { type Call, createHypervisor, type StepName } from "@xenkit/hypervisor";
import { describe, expect, test } from "vitest";
import { ALIVE, begin, carryOut, DEAD, drained, GONE, listen, query } from "./calls.ts";
import { hostWithGuest } from "./hosts.ts";

describe("what another CPU does between the steps of an operation", () => {
  /** Carries a hypercall out; before its first step of this name, another CPU acts. */
  const interrupted = (call: Call, at: StepName, act: () => void): void => {
    let armed = true;
    carryOut(call, (step) => {
      if (!armed || step !== at) return;
      armed = false;
      act();
    });
    expect(armed).toBe(false);
  };

  test("a release of the last hold before unlink frees the domain once", () => {
    const { host } = hostWithGuest();
    const { handle } = host.mapForeignPage(0, 1, 1);
    interrupted(begin.destroy(host, 1), "unlink", () => host.unmap(handle));
    expect(host.domainCount).toBe(1);
    expect(host.createDomain({ domid: 1 })).toBe(1);
  });

  test("a port that is closed and bound anew meanwhile is another: it stays, and what it records", () => {
    const host = createHypervisor();
    const dom0 = host.eventChannels(0);
    const port = dom0.bindVirq(VIRQ.domExc);
    for (const at of ["stop-recording", "close-port"] as const) {
      interrupted(begin.close(host, 0, port), at, () => {
        dom0.close(port);
        expect(dom0.bindVirq(VIRQ.domExc)).toBe(port);
      });
      expect([dom0.count, host.changedCount]).toEqual([1, 1]);
    }
  });

  test("a mapping that another CPU ends first is ended once", () => {
    const { host } = hostWithGuest();
    const mapper = host.createDomain({ caps: CAPS.control });
    const { handle } = host.mapForeignPage(mapper, 1, 1);
    host.mapForeignPage(0, 1, 1);
    interrupted(begin.destroy(host, mapper), "unmap", () => host.unmap(handle));
    expect(host.domain(1)?.references).toBe(1);
  });

  test("a resume before the shutdown is complete undoes it: no mark", () => {
    const { host } = hostWithGuest();
    interrupted(begin.shutdown(host, 1), "complete-shutdown", () => host.resumeDomain(1));
    expect(drained(host)).toEqual([]);
    expect(query(host, 0, 1)).toMatchObject({ state: ALIVE });
  });

  test.each(["begin-dying", "tear-down", "die", "mark", "raise", "unlink"] as const)(
    "a second destroy before %s frees the domain once",
    (step) => {
      const { host } = hostWithGuest();
      interrupted(begin.destroy(host, 1), step, () => host.destroyDomain(1));
      expect(host.domainCount).toBe(1);
      expect(drained(host)).toEqual([[1, GONE]]);
      expect(host.createDomain({ domid: 1 })).toBe(1);
    },
  );

  test("a domain that another CPU destroys before it dies is neither marked nor told again", () => {
    const { host, events } = hostWithGuest();
    interrupted(begin.destroy(host, 1), "die", () => {
      host.destroyDomain(1);
      expect([drained(host), events()]).toEqual([[[1, GONE]], 1]);
    });
    expect([drained(host), events()]).toEqual([[], 0]);
  });

  test("a drain between the two marks of a destruction sees DEAD, and the next sees it gone", () => {
    const seen: unknown[] = [];
    const { host } = hostWithGuest();
    interrupted(begin.destroy(host, 1), "raise", () => seen.push(drained(host)));
    expect([...seen, drained(host)]).toEqual([[[1, DEAD]], [[1, GONE]]]);
  });

  test("a drain between unlinking and the last mark sees it gone twice", () => {
    const seen: unknown[] = [];
    const { host } = hostWithGuest();
    interrupted(begin.destroy(host, 1), "free-domid", () => seen.push(drained(host)));
    expect([...seen, drained(host)]).toEqual([[[1, GONE]], [[1, GONE]]]);
  });

  test("two creations under way get two domids", () => {
    const host = createHypervisor();
    const [first, second] = [begin.create(host, DOMID.any), begin.create(host, DOMID.any)];
    carryOut(second);
    carryOut(first);
    expect(host.domains().map(({ domid }) => domid)).toEqual([0, 1, 2]);
    const third = begin.create(host, 5);
    expect(() => host.createDomain({ domid: 5 })).toThrow("EEXIST");
    expect(query(host, 0, 5)).toBe(-ERRNO.ESRCH);
    carryOut(third);
    expect(query(host, 0, 5)).toMatchObject({ state: ALIVE });
  });
});

describe("the order of mark and VIRQ", () => {
  test.each(["mark-first", "virq-first"] as const)("%s", (noticeOrder) => {
    const host = createHypervisor({ noticeOrder });
    listen(host);
    host.createDomain();
    const steps = carryOut(begin.shutdown(host, 1)).slice(-2);
    expect(steps).toEqual(noticeOrder === "mark-first" ? ["mark", "raise"] : ["raise", "mark"]);
  });
});
