import { parseStoreRecording, StoreRecordingError } from "@xenkit/store-replay";
import { describe, expect, test } from "vitest";

const line = (fields: object): string => JSON.stringify({ scenario: "a", step: 1, ...fields });

describe("a recording", () => {
  test("is read scenario by scenario", () => {
    const text = [line({ conn: "s1", open: "socket" }), line({ scenario: "b" }), ""].join("\n");
    expect(parseStoreRecording(text).map(({ name, lines }) => [name, lines.length])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
  });

  test.each([
    ["", "line 1: nothing is recorded"],
    ["{", "line 1: not JSON"],
    ["[]", "line 1: not an object"],
    [line({ scenario: 1 }), "line 1: scenario is not a string"],
    [line({ step: 1e9 }), "line 1: step is not an index"],
    [line({ conn: "x" }), "line 1: conn is neither s1… nor g0…"],
    [`${line({})}\n${line({ send: { type: 1 } })}`, "line 2: send is no message"],
    [line({ recv: { type: 1, req_id: 0, tx_id: 0, hex: "0" } }), "line 1: recv is no message"],
    [line({ send_raw: {} }), "line 1: send_raw.hex is no hex"],
    [line({ ring: {} }), "line 1: ring.domid is no domid"],
    [line({ hv: {} }), "line 1: hv.action is not a string"],
  ])("is refused with its place: %s", (text, message) => {
    expect(() => parseStoreRecording(text)).toThrow(
      new StoreRecordingError(message.slice(8), { line: Number(message[5]) }),
    );
  });
});
