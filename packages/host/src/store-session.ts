import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  MESSAGE,
  type MessageType,
  messageTypeName,
} from "@xenkit/xenstore-wire";
import type { StoreDaemon } from "@xenkit/xenstored";
import { HostError } from "./host-error.ts";
import { refused } from "./refusal.ts";

/**
 * The toolstack's own connection to the Xenstore daemon: dom0's, so it may do everything.
 *
 * Everything is answered at once: client and daemon share a thread. What the daemon refuses is thrown as a HostError
 * "refused" with the errno's name. Values are text in UTF-8.
 */
export interface StoreSession {
  /** Undefined when there is no such node. */
  read(path: string): string | undefined;
  write(path: string, value: string): void;
  /** Removes a node with all below it; nothing when it is not there. */
  remove(path: string): void;
  /** @param perms - `["n0", "r7"]`: the owner with what others may, then one entry for each domain. */
  setPerms(path: string, perms: readonly string[]): void;
  /** Runs `work` in a transaction; when that throws, or the commit conflicts, nothing of it happened. */
  transaction(work: (store: StoreSession) => void): void;
  /** @param port - The guest's event channel port. */
  introduce(domid: number, gfn: number, port: number): void;
  /** A domain that was shut down runs again. */
  resume(domid: number): void;
  isIntroduced(domid: number): boolean;
}

/** Opens a session. It holds no events: it sets no watch. */
export const openStoreSession = (daemon: StoreDaemon): StoreSession => {
  const connection = daemon.connect({ output: () => {}, closed: () => {} });
  const reader = new FrameReader();

  const request = (type: MessageType, txId: number, payload: Uint8Array): Uint8Array | string => {
    connection.receive(encodeMessage({ type, reqId: 0, txId, payload }));
    reader.push(connection.output.take());
    if (!reader.next())
      throw new HostError("closed", "the Xenstore daemon did not answer", { what: "store" });
    return reader.type === MESSAGE.error
      ? binary(reader.payload).slice(0, -1)
      : reader.payload.slice();
  };

  const session = (txId: number): StoreSession => {
    const ask = (type: MessageType, ...strings: readonly string[]): Uint8Array | string =>
      request(type, txId, bytesOf(strings.map((text) => `${text}\0`).join("")));

    const demand = (
      domid: number | undefined,
      type: MessageType,
      ...strings: readonly string[]
    ): Uint8Array => orThrow(ask(type, ...strings), type, domid);

    /** Undefined for ENOENT. */
    const look = (type: MessageType, path: string): Uint8Array | undefined => {
      const answer = ask(type, path);
      return answer === "ENOENT" ? undefined : orThrow(answer, type, undefined);
    };

    return {
      read: (path) => {
        const value = look(MESSAGE.read, path);
        return value === undefined ? undefined : new TextDecoder().decode(value);
      },
      write: (path, value) => {
        const head = bytesOf(`${path}\0`);
        const body = new TextEncoder().encode(value);
        const payload = new Uint8Array(head.length + body.length);
        payload.set(head);
        payload.set(body, head.length);
        orThrow(request(MESSAGE.write, txId, payload), MESSAGE.write, undefined);
      },
      remove: (path) => void look(MESSAGE.rm, path),
      setPerms: (path, perms) => void demand(undefined, MESSAGE.setPerms, path, ...perms),
      transaction: (work) => {
        const id = Number(binary(demand(undefined, MESSAGE.transactionStart, "")).slice(0, -1));
        let outcome = "F";
        try {
          work(session(id));
          outcome = "T";
        } finally {
          const end = request(MESSAGE.transactionEnd, id, bytesOf(`${outcome}\0`));
          if (outcome === "T") orThrow(end, MESSAGE.transactionEnd, undefined);
        }
      },
      introduce: (domid, gfn, port) =>
        void demand(domid, MESSAGE.introduce, String(domid), String(gfn), String(port)),
      resume: (domid) => void demand(domid, MESSAGE.resume, String(domid)),
      isIntroduced: (domid) =>
        binary(demand(domid, MESSAGE.isDomainIntroduced, String(domid))) === "T\0",
    };
  };
  return session(0);
};

const orThrow = (
  answer: Uint8Array | string,
  type: MessageType,
  domid: number | undefined,
): Uint8Array => {
  if (typeof answer !== "string") return answer;
  throw refused(messageTypeName(type) ?? `request ${type}`, answer, domid);
};
