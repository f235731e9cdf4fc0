import { createServer, type RequestListener } from "node:http";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { describe, expect, test } from "vitest";
import { controlClient } from "../src/control-client.ts";
import { lockDirectory } from "../src/directory-lock.ts";
import { socketPaths } from "../src/sockets.ts";
import { runHere } from "./support/run-xenkit.ts";

/** Something that answers on the control socket of a directory, until disposed. */
const answering = async (listener: RequestListener) => {
  const directory = scratchFolder();
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(socketPaths(directory).control, resolve));
  return {
    directory,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const call = { method: "GET", path: "/v1/domains" } as const;

describe("the client of the control protocol", () => {
  test("says that no host is running where there is no socket, or a dead one", async () => {
    await expect(controlClient(scratchFolder()).call(call)).rejects.toThrow(
      expect.objectContaining({ code: "no-host" }),
    );
  });

  test("says when a host is there but does not answer yet", async () => {
    const dir = scratchFolder();
    using _lock = await lockDirectory(dir);
    const { stderr } = await runHere("domain", "list", "--dir", dir);
    expect(stderr).toBe(
      `xenkit: the host in ${dir} (pid ${process.pid}) is just starting or stopping: try again\n`,
    );
  });

  test.each([
    ["no JSON", "<html>", 200],
    ["an error that is none of the protocol", "{}", 500],
    ["nothing", "", 200],
  ])("refuses %s", async (_, body, status) => {
    await using server = await answering((_request, response) =>
      response.writeHead(status).end(body),
    );
    await expect(controlClient(server.directory).call(call)).rejects.toThrow(
      expect.objectContaining({ code: "bad-answer", details: { status } }),
    );
    const { code, stderr } = await runHere("domain", "list", "--dir", server.directory);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `xenkit: what answers on the control socket is no xenkit host (status ${status})\n`,
    });
  });

  test("tells a refusal with its reason", async () => {
    const error = { code: "EEXIST", message: "domid 7 is in use" };
    await using server = await answering((_request, response) =>
      response.writeHead(409).end(JSON.stringify({ error })),
    );
    await expect(controlClient(server.directory).call(call)).rejects.toThrow(
      expect.objectContaining({ code: "refused", details: { reason: "EEXIST", status: 409 } }),
    );
  });

  test.each([
    ["before an answer", (response: { destroy: () => void }) => response.destroy()],
    [
      "in the middle of one",
      (response: { write: (text: string) => void; destroy: () => void }) => {
        response.write('{"domains":[');
        setTimeout(() => response.destroy(), 20);
      },
    ],
  ])("says that the host went away %s", async (_, behave) => {
    await using server = await answering((_request, response) => behave(response));
    await expect(controlClient(server.directory).call(call)).rejects.toThrow(
      expect.objectContaining({ code: "host-gone" }),
    );
  });

  test("ends a stream of changes with the host's last word", async () => {
    const last = { error: { code: "too-slow", message: "the reader is behind" } };
    await using server = await answering((_request, response) =>
      response.end(`\n{"kind":"appeared"}\n${JSON.stringify(last)}\n`),
    );
    const seen: unknown[] = [];
    const follow = async (): Promise<void> => {
      const changes = controlClient(server.directory).changes(new AbortController().signal);
      for await (const change of changes) seen.push(change);
    };
    await expect(follow()).rejects.toThrow(
      expect.objectContaining({ code: "refused", details: { reason: "too-slow", status: 200 } }),
    );
    expect(seen).toEqual([undefined, { kind: "appeared" }]);
  });

  test("ends a stream of changes quietly when it is told to", async () => {
    await using server = await answering((_request, response) => response.write("\n"));
    const ending = new AbortController();
    for await (const change of controlClient(server.directory).changes(ending.signal)) {
      expect(change).toBeUndefined();
      ending.abort();
    }
  });
});
