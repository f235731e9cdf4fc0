import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { describe, expect, test } from "vitest";
import { removeSockets, SOCKET_PATH_MAX, socketPaths } from "../src/sockets.ts";

const SUFFIX = "/xenstored.sock".length;

describe("socketPaths", () => {
  test("takes the longest directory whose sockets the system can bind", async () => {
    const base = scratchFolder();
    const directory = join(base, "x".repeat(SOCKET_PATH_MAX - SUFFIX - base.length - 1));
    const { xenstored } = socketPaths(directory);
    expect(Buffer.byteLength(xenstored)).toBe(SOCKET_PATH_MAX);
  });

  test("refuses one byte more, and says both lengths", () => {
    const directory = `/${"x".repeat(SOCKET_PATH_MAX - SUFFIX)}`;
    expect(() => socketPaths(directory)).toThrow(
      new RegExp(`has ${SOCKET_PATH_MAX + 1} bytes, a unix socket allows ${SOCKET_PATH_MAX}`),
    );
  });

  test("counts bytes, not characters", () => {
    const directory = `/${"ä".repeat((SOCKET_PATH_MAX - SUFFIX) / 2 + 1)}`;
    expect(() => socketPaths(directory)).toThrow(
      expect.objectContaining({ code: "path-too-long" }),
    );
  });
});

describe("removeSockets", () => {
  test("does nothing where there are none", () => {
    expect(() => removeSockets(socketPaths(scratchFolder()))).not.toThrow();
  });

  test("removes a socket that nobody serves", async () => {
    const paths = socketPaths(scratchFolder());
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(paths.control, resolve));
    removeSockets(paths);
    expect(existsSync(paths.control)).toBe(false);
    server.close();
  });

  test("leaves any other file alone, and says so", () => {
    const paths = socketPaths(scratchFolder());
    writeFileSync(paths.xenstored, "precious");
    expect(() => removeSockets(paths)).toThrow(/xenstored.sock is no socket/);
    expect(readFileSync(paths.xenstored, "utf8")).toBe("precious");
  });
});
