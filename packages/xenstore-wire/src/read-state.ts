import { binary } from "./binary.ts";
import { PERMISSION_LETTERS } from "./permission.ts";
import {
  ANY_DEPTH,
  HAS_UNIQUE_ID,
  KIND_RING,
  KIND_SOCKET,
  NO_TARGET,
  PERMISSION_STALE,
  STATE_ACCESS,
  STATE_BIG_ENDIAN,
  STATE_HEADER_SIZE,
  STATE_MAGIC,
  STATE_RECORD,
  STATE_RECORD_HEAD,
  type StateByteOrder,
  type StateConnection,
  type StateNode,
  type StatePermission,
  type StateQuota,
  type StateRecord,
  type StateVersion,
} from "./state-record.ts";
import { aligned, StateView } from "./state-view.ts";

/** A state stream, its header read. */
export interface StateStream {
  readonly version: StateVersion;
  readonly byteOrder: StateByteOrder;
  /**
   * The records up to END, read one by one as they are asked for. Records of unknown types are passed over; which
   * connections and domains a record may name is for the caller to check.
   *
   * Going on throws WireError `bad-state` where a record is broken or END is missing.
   */
  readonly records: Iterable<StateRecord>;
}

/**
 * Reads a state stream: what a Xenstore daemon writes for its successor at a live update.
 *
 * Nothing is copied: values and unsent bytes are views into `bytes`. What a record announces is checked against its
 * length, and that against the stream.
 *
 * @throws WireError `bad-state` for another magic, version or flags.
 */
export const readState = (bytes: Uint8Array): StateStream => {
  const header = new StateView(bytes, { from: 0, record: "header", byteOrder: "big" });
  if (binary(header.bytes(STATE_MAGIC.length)) !== STATE_MAGIC) throw header.broken("no magic");
  const version = header.u32();
  if (version !== 1 && version !== 2) throw header.broken(`version ${version}, not 1 or 2`);
  const flags = header.u32();
  if (flags > STATE_BIG_ENDIAN) throw header.broken(`flags ${flags}`);
  const byteOrder = flags === STATE_BIG_ENDIAN ? "big" : "little";
  const records = { [Symbol.iterator]: () => readRecords(bytes, byteOrder) };
  return { version, byteOrder, records };
};

function* readRecords(bytes: Uint8Array, byteOrder: StateByteOrder): Generator<StateRecord> {
  for (let from = STATE_HEADER_SIZE; ; ) {
    const head = new StateView(bytes.subarray(from), { from, record: "record", byteOrder });
    const type = head.u32();
    const length = head.u32();
    if (type === STATE_RECORD.end) return;
    const record = NAMES.get(type) ?? `type ${type}`;
    const body = new StateView(head.bytes(length), { from, record, byteOrder });
    const read = READERS[type];
    if (read !== undefined) yield read(body);
    // The document says that a length is without padding, the C daemon writes it with.
    from += aligned(STATE_RECORD_HEAD + length);
  }
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(STATE_RECORD).map(([name, type]) => [type, name]),
);

const readWatch = (view: StateView, extended: "extended" | "plain"): StateRecord => {
  const connection = view.u32();
  const pathLength = view.u16();
  const tokenLength = view.u16();
  let depth: number | undefined;
  if (extended === "extended") {
    const levels = view.u16();
    depth = levels === ANY_DEPTH ? undefined : levels;
    view.u16();
  }
  const path = view.text(pathLength);
  return { type: "watch", connection, path, token: view.text(tokenLength), depth };
};

const READERS: Readonly<Record<number, (view: StateView) => StateRecord>> = {
  [STATE_RECORD.global]: (view) => {
    return { type: "global", socket: view.u32() | 0, eventChannel: view.u32() | 0 };
  },
  [STATE_RECORD.connection]: (view) => readConnection(view),
  [STATE_RECORD.watch]: (view) => readWatch(view, "plain"),
  [STATE_RECORD.transaction]: (view) => {
    return { type: "transaction", connection: view.u32(), id: view.u32() };
  },
  [STATE_RECORD.node]: (view) => readNode(view),
  [STATE_RECORD["global-quotas"]]: (view) => {
    const count = view.u16();
    const all = readQuotas(view, count + view.u16());
    return { type: "global-quotas", domain: all.slice(0, count), global: all.slice(count) };
  },
  [STATE_RECORD.domain]: (view) => {
    const domid = view.u16();
    const count = view.u16();
    return { type: "domain", domid, features: view.u32(), quotas: readQuotas(view, count) };
  },
  [STATE_RECORD.watchExtended]: (view) => readWatch(view, "extended"),
};

const readConnection = (view: StateView): StateConnection => {
  const id = view.u32();
  if (id === 0) throw view.broken("connection id 0");
  const kind = view.u16();
  const fields = view.u16();
  const peer = readPeer(view, kind);
  const receivedLength = view.u16();
  const unsentOfMessage = view.u16();
  const unsentLength = view.u32();
  if (unsentOfMessage > unsentLength) {
    throw view.broken(`${unsentOfMessage} bytes finish a message, ${unsentLength} are unsent`);
  }
  const received = view.bytes(receivedLength);
  const unsent = view.bytes(unsentLength);
  let uniqueId: bigint | undefined;
  if ((fields & HAS_UNIQUE_ID) !== 0) {
    view.align();
    uniqueId = view.u64();
  }
  return { type: "connection", id, peer, uniqueId, received, unsent, unsentOfMessage };
};

const readPeer = (view: StateView, kind: number): StateConnection["peer"] => {
  if (kind === KIND_RING) {
    const domid = view.u16();
    const target = view.u16();
    const port = view.u32();
    return { kind: "ring", domid, target: target === NO_TARGET ? undefined : target, port };
  }
  if (kind !== KIND_SOCKET) throw view.broken(`kind ${kind} of connection`);
  const descriptor = view.u32() | 0;
  view.u32();
  return { kind: "socket", descriptor };
};

const readNode = (view: StateView): StateNode => {
  const connection = view.u32();
  const transaction = view.u32();
  const pathLength = view.u16();
  const valueLength = view.u16();
  const access = STATE_ACCESS[view.u16()];
  const count = view.u16();
  let pending: StateNode["pending"];
  if (connection !== 0) {
    if (access === undefined) throw view.broken("unknown access of a transaction");
    pending = { connection, transaction, access };
  } else if (count === 0) throw view.broken("a node without permissions");
  const perms = Array.from({ length: count }, () => readPermission(view));
  const path = view.text(pathLength);
  return { type: "node", pending, path, value: view.bytes(valueLength), perms };
};

const readPermission = (view: StateView): StatePermission => {
  const letter = String.fromCharCode(view.u8());
  const access = PERMISSION_LETTERS.indexOf(letter);
  if (access === -1) throw view.broken(`permission ${JSON.stringify(letter)}`);
  const stale = (view.u8() & PERMISSION_STALE) !== 0;
  return { access, stale, domid: view.u16() };
};

const readQuotas = (view: StateView, count: number): StateQuota[] => {
  const values = Array.from({ length: count }, () => view.u32());
  return values.map((value): StateQuota => [view.textToNul(), value]);
};
