import { connectSocket } from "@xenkit/oracle";
import { binary, bytesOf, encodeMessage, MESSAGE } from "@xenkit/xenstore-wire";
import { socketLink } from "./oracle-world.ts";
import type { Link, MakeWorld, World } from "./world.ts";

/** A daemon whose store is in use: it is left alone. */
export class StoreInUseError extends Error {
  override readonly name = "StoreInUseError";
}

/**
 * Any running daemon, by its socket. It is not started anew for each sequence, but emptied, so it must hold nothing but
 * `/tool` at the start.
 */
export const socketWorld = (path: string): MakeWorld => {
  let known = false;
  return async ({ tight }) => {
    const link = socketLink(await connectSocket(path));
    if (!known && !EMPTY.includes(await ask(link, MESSAGE.directory, "/\0"))) {
      await link.close();
      throw new StoreInUseError(`${path}: its store is in use (more than /tool), left alone`);
    }
    known = true;
    const nothing = (): void => {};
    const world: World = {
      hasDomains: false,
      connect: async () => socketLink(await connectSocket(path)),
      guest: () => link,
      create: nothing,
      shutDown: nothing,
      die: nothing,
      destroy: nothing,
      [Symbol.asyncDispose]: async () => {
        await empty(link);
        await link.close();
      },
    };
    // Sockets meet no limits.
    void tight;
    return world;
  };
};

const EMPTY: readonly string[] = ["", "tool\0", "local\0tool\0", "tool\0local\0"];

const empty = async (link: Link): Promise<void> => {
  const names = (await ask(link, MESSAGE.directory, "/\0"))
    .split("\0")
    .filter((name) => name !== "");
  for (const name of names) if (name !== "tool") await ask(link, MESSAGE.rm, `/${name}\0`);
  const tools = (await ask(link, MESSAGE.directory, "/tool\0")).split("\0");
  for (const name of tools)
    if (name !== "" && name !== "xenstored") await ask(link, MESSAGE.rm, `/tool/${name}\0`);
  for (const path of ["/", "/tool", "@releaseDomain", "@introduceDomain"])
    await ask(link, MESSAGE.setPerms, `${path}\0n0\0`);
  for (const path of ["/", "/tool"]) await ask(link, MESSAGE.write, `${path}\0`);
};

const ask = async (link: Link, type: number, payload: string): Promise<string> => {
  await link.send(encodeMessage({ type, reqId: 1, txId: 0, payload: bytesOf(payload) }));
  const { messages } = await link.collect(1);
  const reply = messages[messages.length - 1];
  return reply === undefined ? "" : binary(reply.payload);
};
