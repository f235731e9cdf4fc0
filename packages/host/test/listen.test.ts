import { existsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createHost } from "@xenkit/host";
import { listen } from "@xenkit/host/node";
import { scratchFolder } from "@xenkit/testkit/scratch-folder";
import { encodeMessage, FrameReader, MESSAGE } from "@xenkit/xenstore-wire";
import { expect, test } from "vitest";

test("a host's Xenstore answers on a unix socket of its user's, until the socket is disposed", async () => {
  const path = join(scratchFolder(), "xenstored.sock");
  await using host = await createHost();
  {
    await using server = await listen(host, path);
    expect(server.path).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const payload = new TextEncoder().encode("/local/domain/0/name\0");
    const socket = connect(path);
    socket.write(encodeMessage({ type: MESSAGE.read, reqId: 1, txId: 0, payload }));
    const reader = new FrameReader();
    for await (const chunk of socket) {
      reader.push(chunk);
      if (reader.next()) break;
    }
    expect(new TextDecoder().decode(reader.payload)).toBe("Domain-0");
  }
  expect(existsSync(path)).toBe(false);
});
