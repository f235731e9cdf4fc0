import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Daemon, type Domain, exchange, type Peer } from "@xenkit/oracle";
import { binary, bytesOf, MESSAGE, type Message } from "@xenkit/xenstore-wire";

export const KINDS = ["c", "ocaml"] as const;

/** Sends a request; the reply as text, an error as `!NAME`. */
export const ask = async (
  peer: Peer,
  request: keyof typeof MESSAGE,
  payload: string,
): Promise<string> => {
  const message = { type: MESSAGE[request], reqId: 1, txId: 0, payload: bytesOf(payload) };
  return textOf((await exchange(peer, message)).reply);
};

export const textOf = ({ type, payload }: Message): string =>
  type === MESSAGE.error ? `!${binary(payload).slice(0, -1)}` : binary(payload);

/** What a toolstack does for a guest: makes it, its home, owned by it, and introduces it. */
export const createGuest = async (daemon: Daemon, dom0: Peer, domid: number): Promise<Domain> => {
  const domain = daemon.hypervisor.createDomain({ domid });
  await introduce(dom0, domain);
  return domain;
};

/** The part of this that the daemon sees. */
export const introduce = async (dom0: Peer, { domid, introducePayload }: Domain): Promise<void> => {
  const home = `/local/domain/${domid}\0`;
  for (const [request, payload] of [
    ["mkdir", home],
    ["setPerms", `${home}n${domid}\0`],
    ["introduce", binary(introducePayload)],
  ] as const) {
    const reply = await ask(dom0, request, payload);
    if (reply !== "OK\0") throw new Error(`${request}: ${reply}`);
  }
};

/** Whether a process runs. One that has ended and that nobody reaped does not. */
export const runs = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
};

/** Waits until `condition` holds; the test's own time limit ends it. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(5);
};
