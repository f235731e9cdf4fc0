import {
  encodeMessage,
  isWireError,
  MESSAGE,
  messageTypeName,
  readHeader,
  WIRE_ERRNO,
  wireErrno,
  writeHeader,
} from "@xenkit/xenstore-wire";
import { describe, expect, expectTypeOf, test } from "vitest";

describe("a message", () => {
  test("has these bytes", () => {
    const bytes = encodeMessage({
      type: 2,
      reqId: 0x0403_0201,
      txId: 7,
      payload: Buffer.from("/\0"),
    });
    expect(Buffer.from(bytes).toString("hex")).toBe("020000000102030407000000020000002f00");
    expect(readHeader(bytes)).toEqual({ type: 2, reqId: 0x0403_0201, txId: 7, length: 2 });
  });

  test.each([
    { field: "type", bad: -1 },
    { field: "reqId", bad: 2 ** 32 },
    { field: "txId", bad: 1.5 },
  ])("refuses $bad as $field", ({ field, bad }) => {
    const header = { type: 0, reqId: 0, txId: 0, length: 0, [field]: bad };
    expect(() => writeHeader(header, new Uint8Array(16))).toThrow(
      expect.objectContaining({
        code: "out-of-range",
        details: { field, value: bad, max: 0xffff_ffff },
      }),
    );
  });

  test("refuses a payload of 4097 bytes", () => {
    const message = { type: 2, reqId: 0, txId: 0, payload: new Uint8Array(4097) };
    expect(() => encodeMessage(message)).toThrow(
      expect.objectContaining({ code: "payload-too-long" }),
    );
  });
});

describe("the tables", () => {
  test("name every type as the protocol does", () => {
    const names = Object.values(MESSAGE).map((type) => `${type} ${messageTypeName(type)}`);
    expect(names).toEqual([
      "0 CONTROL",
      "1 DIRECTORY",
      "2 READ",
      "3 GET_PERMS",
      "4 WATCH",
      "5 UNWATCH",
      "6 TRANSACTION_START",
      "7 TRANSACTION_END",
      "8 INTRODUCE",
      "9 RELEASE",
      "10 GET_DOMAIN_PATH",
      "11 WRITE",
      "12 MKDIR",
      "13 RM",
      "14 SET_PERMS",
      "15 WATCH_EVENT",
      "16 ERROR",
      "17 IS_DOMAIN_INTRODUCED",
      "18 RESUME",
      "19 SET_TARGET",
      "21 RESET_WATCHES",
      "22 DIRECTORY_PART",
      "23 GET_FEATURE",
      "24 SET_FEATURE",
      "25 GET_QUOTA",
      "26 SET_QUOTA",
    ]);
    expect([20, 27, 0xffff].map(messageTypeName)).toEqual([undefined, undefined, undefined]);
  });

  test("list the errors in the order of the protocol's header", () => {
    expect(Object.keys(WIRE_ERRNO).join(" ")).toBe(
      "EINVAL EACCES EEXIST EISDIR ENOENT ENOMEM ENOSPC EIO ENOTEMPTY ENOSYS EROFS EBUSY EAGAIN EISCONN E2BIG EPERM",
    );
  });

  test("take an error that they lack for EINVAL", () => {
    expect(wireErrno("ENOENT")).toBe(2);
    expect(wireErrno("EQUOTA")).toBe(22);
    expect(wireErrno("toString")).toBe(22);
  });
});

test("isWireError narrows to the details of the code", () => {
  const error: unknown = undefined;
  if (isWireError(error, "payload-too-long")) expectTypeOf(error.details.limit).toBeNumber();
  expect(isWireError(error)).toBe(false);
});
