import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { describe, expect, test } from "vitest";
import { checkDirectory, findDirectory, makeDirectory } from "../src/directory.ts";

const uid = process.getuid?.() ?? 0;
const refused = expect.objectContaining({ code: "unsafe-path" });

describe("the directory of a host", () => {
  const env = { XENKIT_DIR: "/by/env", XDG_RUNTIME_DIR: "/run/user/7" };

  test("is what --dir says, before all else", () => {
    const found = findDirectory({ dir: "/by/flag", env, temporary: "/tmp", uid: 7 });
    expect(found).toEqual({ path: "/by/flag", chosen: true });
  });

  test("is else $XENKIT_DIR", () => {
    const found = findDirectory({ env, temporary: "/tmp", uid: 7 });
    expect(found).toEqual({ path: "/by/env", chosen: true });
  });

  test("is else a folder in $XDG_RUNTIME_DIR", () => {
    const found = findDirectory({ env: { ...env, XENKIT_DIR: "" }, temporary: "/tmp", uid: 7 });
    expect(found).toEqual({ path: "/run/user/7/xenkit", chosen: false });
  });

  test("is else a temporary folder of the user", () => {
    const found = findDirectory({ env: {}, temporary: "/tmp", uid: 7 });
    expect(found).toEqual({ path: "/tmp/xenkit-7", chosen: false });
  });

  test("is absolute, also when chosen as relative", () => {
    const found = findDirectory({ dir: "here", env, temporary: "/tmp", uid: 7 });
    expect(found.path).toBe(join(process.cwd(), "here"));
  });
});

describe("makeDirectory", () => {
  test("makes a folder that only its owner can enter, with its parents", () => {
    const path = join(scratchFolder(), "a", "b");
    makeDirectory({ path, chosen: false }, uid);
    expect(lstatSync(path).mode & 0o777).toBe(0o700);
  });

  test("keeps a folder that is there", () => {
    const path = scratchFolder();
    writeFileSync(join(path, "kept"), "");
    makeDirectory({ path, chosen: false }, uid);
    expect(lstatSync(join(path, "kept")).isFile()).toBe(true);
  });

  test("says why where it cannot make one", () => {
    const file = join(scratchFolder(), "file");
    writeFileSync(file, "");
    expect(() => makeDirectory({ path: join(file, "sub"), chosen: true }, uid)).toThrow(
      /cannot make the directory .*file\/sub/,
    );
  });
});

test.runIf(process.platform === "linux")(
  "makeDirectory says why where the parent is there but takes no folder",
  () => {
    expect(() => makeDirectory({ path: "/proc/xenkit", chosen: true }, uid)).toThrow(
      /cannot make the directory \/proc\/xenkit: ENOENT/,
    );
  },
);

describe("checkDirectory", () => {
  test("takes a missing folder: there is nothing to distrust", () => {
    expect(() =>
      checkDirectory({ path: join(scratchFolder(), "no"), chosen: false }, uid),
    ).not.toThrow();
  });

  test("refuses a folder of another user", () => {
    const path = scratchFolder();
    expect(() => checkDirectory({ path, chosen: false }, uid + 1)).toThrow(refused);
  });

  test("refuses a folder that others can write", () => {
    const path = scratchFolder();
    chmodSync(path, 0o770);
    expect(() => checkDirectory({ path, chosen: false }, uid)).toThrow(refused);
  });

  test("refuses a link: its owner could point it elsewhere", () => {
    const path = scratchFolder();
    mkdirSync(join(path, "real"), { mode: 0o700 });
    symlinkSync(join(path, "real"), join(path, "link"));
    expect(() => checkDirectory({ path: join(path, "link"), chosen: false }, uid)).toThrow(refused);
  });

  test("leaves a chosen folder to the user", () => {
    const path = scratchFolder();
    chmodSync(path, 0o777);
    expect(() => checkDirectory({ path, chosen: true }, uid + 1)).not.toThrow();
  });
});
