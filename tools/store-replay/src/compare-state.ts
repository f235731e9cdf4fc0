import {
  binary,
  bytesOf,
  encodeMessage,
  FrameReader,
  formatPermission,
  joinStrings,
  leafName,
  MESSAGE,
  parentPath,
  readState,
  type StateNode,
  type StateQuota,
  type StateRecord,
} from "@xenkit/xenstore-wire";
import type { PlayedDaemon } from "./played-daemon.ts";

/** Asks domain 0's question: the reply's payload. */
type Ask = (type: number, payload: string) => string;

/**
 * Compares a daemon, by what it answers to domain 0, with a state stream that another one wrote: nodes in their order,
 * features and quotas. What it does not tell (connections and their watches) shows in the steps that follow.
 */
export const compareState = (stream: Uint8Array, daemon: PlayedDaemon): string[] => {
  const connection = daemon.connect({ output: () => {}, closed: () => {} });
  const ask: Ask = (type, payload) => {
    connection.receive(encodeMessage({ type, reqId: 0, txId: 0, payload: bytesOf(payload) }));
    const reader = new FrameReader();
    reader.push(connection.output.take());
    return reader.next() ? binary(reader.payload) : "nothing";
  };
  const records = [...readState(stream).records];
  const found = records.flatMap((record) => compareRecord(ask, record));
  found.push(...compareChildren(ask, records));
  connection.close();
  return found;
};

const compareRecord = (ask: Ask, record: StateRecord): string[] => {
  switch (record.type) {
    case "node":
      return compareNode(ask, record);
    case "global-quotas":
      return record.domain.flatMap((quota) => compareQuota(ask, [], quota));
    case "domain": {
      const domid = `${record.domid}`;
      return [
        ...differs(ask(MESSAGE.getFeature, `${domid}\0`), `${record.features}\0`, domid),
        ...record.quotas.flatMap((quota) => compareQuota(ask, [domid], quota)),
      ];
    }
    default:
      return [];
  }
};

const compareNode = (ask: Ask, { path, value, perms }: StateNode): string[] => {
  const found = differs(
    ask(MESSAGE.getPerms, `${path}\0`),
    joinStrings(perms.map(formatPermission)),
    path,
  );
  if (!path.startsWith("@"))
    found.push(...differs(ask(MESSAGE.read, `${path}\0`), binary(value), path));
  return found;
};

const compareQuota = (ask: Ask, domid: readonly string[], [name, value]: StateQuota): string[] =>
  differs(ask(MESSAGE.getQuota, joinStrings([...domid, name])), `${value}\0`, `${domid} ${name}`);

/** A stream has children in their order: the lists follow from it. */
const compareChildren = (ask: Ask, records: readonly StateRecord[]): string[] => {
  const children = new Map<string, string[]>();
  for (const record of records) {
    if (record.type !== "node" || record.path.startsWith("@")) continue;
    children.set(record.path, []);
    const parent = parentPath(record.path);
    if (parent !== undefined) children.get(parent)?.push(leafName(record.path));
  }
  return [...children].flatMap(([path, names]) =>
    differs(ask(MESSAGE.directory, `${path}\0`), joinStrings(names), path),
  );
};

const differs = (actual: string, recorded: string, what: string): string[] =>
  actual === recorded
    ? []
    : [`state of ${what}: ${JSON.stringify(recorded)} recorded, ${JSON.stringify(actual)} here`];
