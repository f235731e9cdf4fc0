import { type Client, type ClientOptions, connect } from "@xenkit/xenstore-client";
import { afterEach, beforeEach, expect } from "vitest";
import type { Server, ServerKind, Ways } from "../servers.ts";
import { type Tapped, tapped } from "../tapped.ts";

/** What a test of the suite works with: a client, a second one, and a folder of its own in the store. */
export interface Context {
  readonly ways: Ways;
  readonly server: Server;
  readonly client: Client;
  readonly tap: Tapped;
  /** An absolute path of 6 bytes; nothing is there. */
  readonly root: string;
  /** One more client; closed after the test. Over a ring there can be only one. */
  other(options?: ClientOptions): Promise<{ readonly client: Client; readonly tap: Tapped }>;
}

/** Milliseconds; soon, for tests that cut connections. */
const RECONNECT = { minMs: 1, maxMs: 5 };

let folders = 0;

/**
 * Makes a fresh context for each test. After each, the server must hold nothing for the clients: no transaction, no
 * watch.
 */
export const contextOf = ({ ways }: ServerKind, server: () => Server): (() => Context) => {
  let context: Context | undefined;
  let clients: { readonly client: Client; readonly tap: Tapped }[] = [];

  const open = async (options: ClientOptions = {}) => {
    const tap = tapped(server().transport());
    const client = await connect(tap, { reconnect: RECONNECT, ...options });
    clients.push({ client, tap });
    return { client, tap };
  };

  beforeEach(async () => {
    folders += 1;
    const { client, tap } = await open();
    const root = `/t${String(folders).padStart(4, "0")}`;
    context = { ways, server: server(), client, tap, root, other: open };
  });

  afterEach(async () => {
    const used = clients;
    clients = [];
    for (const { client } of used) await client.close();
    for (const { tap } of used) {
      expect({ transactions: tap.openTransactions, watches: tap.watches }).toEqual({
        transactions: 0,
        watches: 0,
      });
    }
  });

  return () => {
    if (context === undefined) throw new Error("only within a test");
    return context;
  };
};

/** The error of a promise that must reject. */
export const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
};

/** Matches an error by its code. */
export const coded = (code: string): unknown => expect.objectContaining({ code });

/** Settles after all that was under way, and its events, have come. */
export const settled = async (client: Client): Promise<void> => {
  for (let round = 0; round < 3; round += 1) await client.exists("/");
};
