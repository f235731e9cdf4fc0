import { describe, expect, test } from "vitest";
import { changeHead, changeLine } from "../src/change-line.ts";
import type { ChangeAnswer, DomainAnswer } from "../src/control-protocol.ts";
import { domainTable, stateText } from "../src/domain-table.ts";

const dom0: DomainAnswer = {
  domid: 0,
  name: "Domain-0",
  state: 1,
  stateNames: ["exist"],
  paused: false,
  shutdownReason: null,
  caps: 3,
  capsNames: ["control", "hardware"],
  uniqueId: "1",
};
const guest: DomainAnswer = {
  ...dom0,
  domid: 12,
  name: null,
  state: 3,
  stateNames: ["exist", "shutdown"],
  shutdownReason: "reboot",
  caps: 0,
  capsNames: [],
  uniqueId: "18446744073709551615",
};

describe("the table of domains", () => {
  test("aligns its columns, numbers to the right, and ends no line with blanks", () => {
    expect(domainTable([dom0, guest])).toEqual([
      "DOMID  NAME      STATE                   CAPS                         UNIQUE ID",
      "    0  Domain-0  exist                   control,hardware                     1",
      "   12  -         exist,shutdown(reboot)  -                 18446744073709551615",
    ]);
  });

  test("has a head without any domain", () => {
    expect(domainTable([])).toEqual(["DOMID  NAME  STATE  CAPS  UNIQUE ID"]);
  });

  test("shows no control characters: a name comes from Xenstore, where a guest may have put anything", () => {
    const [, line] = domainTable([{ ...dom0, name: "a\u001b[2J\nb\u202e" }]);
    expect(line).toContain("a?[2J?b?");
  });
});

describe("the text of a state", () => {
  test.each([
    [{ stateNames: ["exist"], paused: true }, "exist,paused"],
    [{ stateNames: ["exist", "shutdown"], shutdownReason: "crash" }, "exist,shutdown(crash)"],
    [{ stateNames: ["exist", "0x40"] }, "exist,0x40"],
    [{ stateNames: [] }, "-"],
  ])("of %j is %s", (state, text) => {
    expect(stateText(state)).toBe(text);
  });
});

describe("the line of a change", () => {
  const change: ChangeAnswer = {
    time: "2026-01-02T03:04:05.678Z",
    kind: "shutdown",
    domid: 7,
    name: "web",
    state: 3,
    stateNames: ["exist", "shutdown"],
    caps: 0,
    capsNames: [],
    uniqueId: "8",
    previousUniqueId: "8",
  };

  test("stands under the head", () => {
    const line = changeLine(change);
    expect(line).toBe(
      "2026-01-02T03:04:05.678Z  shutdown      7  web               exist,shutdown        8",
    );
    for (const [word, head] of [
      ["shutdown", "CHANGE"],
      ["web", "NAME"],
      ["exist", "STATE"],
    ] as const) {
      expect(line.indexOf(word)).toBe(changeHead.indexOf(head));
    }
  });

  test.each([
    ["gone", "0", "8", "8"],
    ["replaced", "9", "8", "8 -> 9"],
  ] as const)("of %s names the unique ids", (kind, uniqueId, previousUniqueId, text) => {
    const line = changeLine({ ...change, kind, uniqueId, previousUniqueId });
    expect(line.split(/ {2,}/).at(-1)).toBe(text);
  });
});
