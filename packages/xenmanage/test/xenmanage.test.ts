import { DOMCTL, DOMID, ERRNO, HYPERVISOR } from "@xenkit/abi";
import { type Hypercall, isXenmanageError, openXenmanage } from "@xenkit/xenmanage";
import { describe, expect, expectTypeOf, test } from "vitest";
import { scripted } from "./support/scripted.ts";

const refusing = (errno: number) => openXenmanage({ hypercall: () => -errno });

describe("getDomainInfo", () => {
  test("gives the answer about one domain, unknown flags included", () => {
    const script = scripted();
    script.explicit.set(5, { domid: 5, state: 0xd00d, caps: 0x8004, id: 2n ** 64n - 1n });
    expect(openXenmanage(script).getDomainInfo(5)).toEqual({
      domid: 5,
      state: 0xd00d,
      caps: 0x8004,
      uniqueId: 2n ** 64n - 1n,
    });
  });

  test("is undefined when there is no such domain", () => {
    expect(openXenmanage(scripted()).getDomainInfo(5)).toBeUndefined();
  });

  test.each([0x7ff0, DOMID.invalid, 0x7fff, 0xffff, 0x10000, -1, 1.5, Number.NaN])(
    "refuses domid %s before any hypercall",
    (domid) => {
      const script = scripted();
      expect(() => openXenmanage(script).getDomainInfo(domid)).toThrow(
        expect.objectContaining({
          code: "EINVAL",
          details: { operation: "getDomainInfo", domid, errno: ERRNO.EINVAL },
        }),
      );
      expect(script.requests).toEqual([]);
    },
  );

  test.each([
    [0x7ff0, "0x7ff0"],
    [-1, "-1"],
    [1.5, "1.5"],
    [undefined, "undefined"],
  ])("names domid %s in the message", (domid, name) => {
    expect(() => openXenmanage(scripted()).getDomainInfo(domid as number)).toThrow(
      expect.objectContaining({ message: `getDomainInfo of domid ${name}: EINVAL` }),
    );
  });

  test("names domid 0 as any other", () => {
    expect(() => refusing(ERRNO.EFAULT).getDomainInfo(0)).toThrow(
      "getDomainInfo of domid 0x0: EFAULT",
    );
  });

  test("accepts the highest domid, 0x7FEF", () => {
    const script = scripted();
    expect(openXenmanage(script).getDomainInfo(0x7fef)).toBeUndefined();
    expect(script.requests).toEqual([0x7fef]);
  });

  test("says EPERM: it may be that there is no such domain, which 4.22 does not tell", () => {
    expect(() => refusing(ERRNO.EPERM).getDomainInfo(77)).toThrow(
      "getDomainInfo of domid 0x4d: EPERM: not allowed, or no such domain",
    );
  });
});

describe("pollChangedDomain", () => {
  test("gives one changed domain a call, and undefined at ENOENT", () => {
    const script = scripted();
    script.changed.push({ domid: 1, state: 1, id: 9n }, { domid: 2, state: 0, id: 0n });
    const manage = openXenmanage(script);
    expect(manage.pollChangedDomain()).toEqual({ domid: 1, state: 1, caps: 0, uniqueId: 9n });
    expect(manage.pollChangedDomain()).toEqual({ domid: 2, state: 0, caps: 0, uniqueId: 0n });
    expect(manage.pollChangedDomain()).toBeUndefined();
  });

  test.each([
    { errno: ERRNO.EPERM, code: "EPERM" },
    { errno: ERRNO.EACCES, code: "EACCES" },
    { errno: ERRNO.EINVAL, code: "EINVAL" },
    { errno: ERRNO.EFAULT, code: "unexpected-errno" },
    { errno: ERRNO.ESRCH, code: "unexpected-errno" },
    { errno: ERRNO.ENOSYS, code: "unexpected-errno" },
    { errno: 12345, code: "unexpected-errno" },
  ] as const)(
    "throws $code for errno $errno, with the operation and the domid",
    ({ errno, code }) => {
      expect(() => refusing(errno).pollChangedDomain()).toThrow(
        expect.objectContaining({
          code,
          details: { operation: "pollChangedDomain", domid: DOMID.invalid, errno },
        }),
      );
    },
  );

  test.each([0x7ff0, DOMID.invalid, 0xffff])("refuses the answer %s: no domain has it", (domid) => {
    const script = scripted();
    script.changed.push({ domid, state: 1, id: 1n });
    expect(() => openXenmanage(script).pollChangedDomain()).toThrow(
      expect.objectContaining({ code: "bad-answer" }),
    );
  });
});

describe("an error", () => {
  test.each([
    { errno: ERRNO.EPERM, says: "EPERM" },
    { errno: ERRNO.EACCES, says: "EACCES: another domain handles VIRQ_DOM_EXC" },
    { errno: ERRNO.EBUSY, says: "EBUSY: another domain is the handler of VIRQ_DOM_EXC" },
    { errno: ERRNO.EEXIST, says: "EEXIST: VIRQ_DOM_EXC is bound already" },
    { errno: ERRNO.ENOSYS, says: "ENOSYS" },
  ])("says of a poll, and of what is known of it: $says", ({ errno, says }) => {
    expect(() => refusing(errno).poll()).toThrow(
      expect.objectContaining({
        name: "XenmanageError",
        message: `pollChangedDomain of domid 0x7ff4: ${says}`,
      }),
    );
  });

  test("of a question about one domain does not say which of two reasons it was, where EPERM is not it", () => {
    expect(() => refusing(ERRNO.EFAULT).getDomainInfo(16)).toThrow(
      expect.objectContaining({ message: "getDomainInfo of domid 0x10: EFAULT" }),
    );
  });

  test("of an answer that cannot be says what it was", () => {
    const script = scripted();
    script.changed.push({ domid: 0x7ff3, state: 1, id: 1n });
    expect(() => openXenmanage(script).poll()).toThrow(
      expect.objectContaining({
        message: "pollChangedDomain: bad-answer: 0x7ff3 is no domid of a domain",
        details: { operation: "pollChangedDomain", domid: 0x7ff3 },
      }),
    );
  });

  test("has no cause where there is none", () => {
    try {
      refusing(ERRNO.EPERM).poll();
      expect.unreachable();
    } catch (error) {
      expect(Object.hasOwn(error as Error, "cause")).toBe(false);
    }
  });
});

describe("a handle", () => {
  test("has an answer of zeroes before its first call", () => {
    const { answer } = openXenmanage(scripted());
    expect([answer.domid, answer.state, answer.caps, answer.uniqueId]).toEqual([0, 0, 0, 0n]);
  });

  test("sends the same buffer each time, all zero but command and domid", () => {
    const buffers: Uint8Array[] = [];
    const images: string[] = [];
    const hypercall: Hypercall = (op, buffer) => {
      expect(op).toBe(HYPERVISOR.domctl);
      buffers.push(buffer);
      images.push(Buffer.from(buffer).toString("hex"));
      // What an answer leaves behind must not be in the next request: pad0 would be EINVAL.
      buffer.fill(0xa5, 16, 32);
      buffer[8] = 0;
      buffer[9] = 0;
      return 0;
    };
    const manage = openXenmanage({ hypercall });
    manage.poll();
    manage.query(0x1234);
    manage.pollChangedDomain();
    expect(new Set(buffers).size).toBe(1);
    const request = (domid: string) =>
      `${DOMCTL.getDomainState.toString(16)}00000000000000${domid}`;
    expect(images).toEqual(
      ["f47f", "3412", "f47f"].map((domid) => request(domid).padEnd(288, "0")),
    );
  });

  test("keeps the answer of a call during which another call was made", () => {
    const script = scripted();
    script.changed.push({ domid: 1, state: 1, id: 1n }, { domid: 2, state: 3, id: 2n });
    let inner: unknown;
    const manage = openXenmanage({
      hypercall: (op, buffer) => {
        const rc = script.hypercall(op, buffer);
        // The event that the host delivers before the hypercall returns.
        if (script.requests.length === 1) inner = manage.pollChangedDomain();
        return rc;
      },
    });
    expect(manage.pollChangedDomain()).toMatchObject({ domid: 1, uniqueId: 1n });
    expect(inner).toMatchObject({ domid: 2, uniqueId: 2n });
  });

  test("leaves the answer in place for query and poll", () => {
    const script = scripted();
    script.changed.push({ domid: 3, state: 9, id: 0x1_0000_0002n });
    const manage = openXenmanage(script);
    expect(manage.poll()).toBe(true);
    expect(manage.answer.uniqueIdLow).toBe(2);
    expect(manage.answer.uniqueIdHigh).toBe(1);
    expect(manage.poll()).toBe(false);
  });
});

describe("isXenmanageError", () => {
  test("narrows to one code", () => {
    try {
      refusing(ERRNO.EACCES).poll();
      expect.unreachable();
    } catch (error) {
      expect(isXenmanageError(error)).toBe(true);
      expect(isXenmanageError(error, "EPERM")).toBe(false);
      if (!isXenmanageError(error, "EACCES")) return expect.unreachable();
      expectTypeOf(error.details.errno).toEqualTypeOf<number>();
      expect(error.message).toContain("another domain handles VIRQ_DOM_EXC");
    }
    expect(isXenmanageError(new Error("EPERM"))).toBe(false);
  });
});
