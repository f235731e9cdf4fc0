import {
  connectSocket,
  type DaemonKind,
  type Peer,
  type SocketConnection,
  startDaemon,
} from "@xenkit/oracle";
import { MESSAGE, type Message } from "@xenkit/xenstore-wire";
import { type Collected, type Link, type MakeWorld, TIGHT_LIMITS } from "./world.ts";

/** How long a daemon may take to answer; one that does not within this never will. */
const PATIENCE_MS = 1500;

/** Watches and transactions: 4.17 accepts one more than its limit. */
const TIGHT_ARGUMENTS: readonly string[] = [
  `--entry-nb=${TIGHT_LIMITS.nodes}`,
  `--watch-nb=${TIGHT_LIMITS.watches - 1}`,
  `--transaction=${TIGHT_LIMITS.transactions - 1}`,
  `--quota=transaction-nodes=${TIGHT_LIMITS["transaction-nodes"]}`,
  `--perm-nb=${TIGHT_LIMITS["node-permissions"]}`,
  `--entry-size=${TIGHT_LIMITS["node-size"]}`,
];

const TIGHT_CONFIG = {
  "quota-maxentity": `${TIGHT_LIMITS.nodes}`,
  "quota-maxwatch": `${TIGHT_LIMITS.watches}`,
  "quota-transaction": `${TIGHT_LIMITS.transactions}`,
  "quota-maxsize": `${TIGHT_LIMITS["node-size"]}`,
};

/** Debian's daemons. */
export const oracleWorld =
  (kind: DaemonKind): MakeWorld =>
  async ({ tight }) => {
    const daemon = await startDaemon({
      kind,
      ...(tight && kind === "c" ? { args: TIGHT_ARGUMENTS } : {}),
      ...(tight && kind === "ocaml" ? { config: TIGHT_CONFIG } : {}),
    });
    const { hypervisor } = daemon;
    const change = (act: () => void): void => {
      act();
      hypervisor.raiseVirq();
    };
    return {
      hasDomains: true,
      connect: async () => socketLink(await connectSocket(daemon.socketPath)),
      guest: (domid) => {
        hypervisor.guest(domid).close();
        const guest = hypervisor.guest(domid);
        return peerLink(guest, () => guest.close());
      },
      create: (domid) => change(() => hypervisor.createDomain({ domid })),
      shutDown: (domid) => change(() => hypervisor.setState(domid, { shutdown: true })),
      die: (domid) => change(() => hypervisor.setState(domid, { dead: true })),
      destroy: (domid) => change(() => hypervisor.destroy(domid)),
      [Symbol.asyncDispose]: () => daemon.stop(),
    };
  };

/** A client on any daemon's socket. */
export const socketLink = (connection: SocketConnection): Link =>
  peerLink(connection, () => connection.close());

const peerLink = (peer: Peer, close: () => Promise<void> | void): Link => ({
  // What cannot be sent is seen as a connection that has ended.
  send: (bytes) => peer.send(bytes).catch(() => {}),
  collect: (replies) => collect(peer, replies),
  close,
});

const collect = async (peer: Peer, replies: number): Promise<Collected> => {
  const messages: Message[] = [];
  let missing = replies;
  const keep = (message: Message): void => {
    messages.push(message);
    if (message.type !== MESSAGE.watchEvent) missing -= 1;
  };
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    while (missing > 0) keep(peer.take() ?? (await peer.receive({ signal: patience.signal })));
    for (let more = peer.take(); more !== undefined; more = peer.take()) keep(more);
    return { messages, end: "open" };
  } catch {
    return { messages, end: patience.signal.aborted ? "late" : "closed" };
  } finally {
    clearTimeout(timer);
  }
};
