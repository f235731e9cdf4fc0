import { bytesOf } from "./binary.ts";
import { PERMISSION_LETTERS } from "./permission.ts";
import { StateBuilder } from "./state-builder.ts";
import {
  ANY_DEPTH,
  HAS_UNIQUE_ID,
  KIND_RING,
  KIND_SOCKET,
  NO_TARGET,
  PERMISSION_STALE,
  STATE_ACCESS,
  STATE_BIG_ENDIAN,
  STATE_MAGIC,
  STATE_RECORD,
  type StateByteOrder,
  type StateConnection,
  type StateDomain,
  type StateNode,
  type StateQuota,
  type StateRecord,
  type StateVersion,
  type StateWatch,
} from "./state-record.ts";

/** How a stream is written. */
export interface WriteStateOptions {
  /** Default: 2. */
  readonly version?: StateVersion;
  /** Of the records; the header is big-endian. Default: `"little"`. */
  readonly byteOrder?: StateByteOrder;
}

/**
 * Writes a state stream that {@link readState} reads: header, records in the order given, END. Every length is written
 * with its padding, as the C daemon does: its reader goes on exactly there.
 *
 * @throws WireError `out-of-range`, `not-bytes`; `bad-state` for what no record can say: a string with a NUL in it, a
 * committed node without an owner, in version 1 a watch with a depth.
 */
export const writeState = (
  records: Iterable<StateRecord>,
  { version = 2, byteOrder = "little" }: WriteStateOptions = {},
): Uint8Array => {
  const builder = new StateBuilder(byteOrder);
  builder.append(headerOf(version, byteOrder));
  for (const record of records) {
    const type = typeOf(record);
    builder.record(record.type, type, () => writeRecord(builder, record, version));
  }
  builder.record("end", STATE_RECORD.end, () => {});
  return builder.bytes;
};

const headerOf = (version: StateVersion, byteOrder: StateByteOrder): Uint8Array => {
  const header = new StateBuilder("big");
  header.append(bytesOf(STATE_MAGIC));
  header.u32("version", version);
  header.u32("flags", byteOrder === "big" ? STATE_BIG_ENDIAN : 0);
  return header.bytes;
};

const typeOf = (record: StateRecord): number =>
  record.type === "watch" && record.depth !== undefined
    ? STATE_RECORD.watchExtended
    : STATE_RECORD[record.type];

const writeRecord = (builder: StateBuilder, record: StateRecord, version: StateVersion): void => {
  switch (record.type) {
    case "global":
      builder.i32("socket", record.socket);
      builder.i32("eventChannel", record.eventChannel);
      break;
    case "connection":
      writeConnection(builder, record);
      break;
    case "watch":
      writeWatch(builder, record, version);
      break;
    case "transaction":
      builder.u32("connection", record.connection);
      builder.u32("id", record.id);
      break;
    case "node":
      writeNode(builder, record);
      break;
    case "global-quotas":
      builder.u16("domain.length", record.domain.length);
      builder.u16("global.length", record.global.length);
      writeQuotas(builder, [...record.domain, ...record.global]);
      break;
    case "domain":
      writeDomain(builder, record, version);
      break;
  }
};

const writeConnection = (builder: StateBuilder, record: StateConnection): void => {
  const { id, peer, uniqueId, received, unsent, unsentOfMessage } = record;
  if (id === 0) throw builder.broken("connection id 0");
  if (unsentOfMessage > unsent.length) {
    throw builder.broken(`${unsentOfMessage} bytes finish a message, ${unsent.length} are unsent`);
  }
  builder.u32("id", id);
  builder.u16("kind", peer.kind === "ring" ? KIND_RING : KIND_SOCKET);
  builder.u16("fields", uniqueId === undefined ? 0 : HAS_UNIQUE_ID);
  if (peer.kind === "ring") {
    builder.u16("peer.domid", peer.domid);
    builder.u16("peer.target", peer.target ?? NO_TARGET);
    builder.u32("peer.port", peer.port);
  } else {
    builder.i32("peer.descriptor", peer.descriptor);
    builder.u32("padding", 0);
  }
  builder.u16("received.length", received.length);
  builder.u16("unsentOfMessage", unsentOfMessage);
  builder.u32("unsent.length", unsent.length);
  builder.append(received);
  builder.append(unsent);
  if (uniqueId === undefined) return;
  builder.align();
  builder.u64("uniqueId", uniqueId);
};

const writeWatch = (builder: StateBuilder, watch: StateWatch, version: StateVersion): void => {
  const { connection, path, token, depth } = watch;
  builder.u32("connection", connection);
  builder.u16("path.length", path.length + 1);
  builder.u16("token.length", token.length + 1);
  if (depth !== undefined) {
    if (version === 1) throw builder.broken("a depth needs version 2");
    if (depth === ANY_DEPTH) throw builder.broken(`a depth of ${ANY_DEPTH} says any`);
    builder.u16("depth", depth);
    builder.u16("padding", 0);
  }
  builder.text("path", path);
  builder.text("token", token);
};

const writeNode = (builder: StateBuilder, { pending, path, value, perms }: StateNode): void => {
  if (pending === undefined && perms.length === 0) throw builder.broken("nobody owns it");
  if (pending?.connection === 0) throw builder.broken("connection id 0");
  builder.u32("pending.connection", pending?.connection ?? 0);
  builder.u32("pending.transaction", pending?.transaction ?? 0);
  builder.u16("path.length", path.length + 1);
  builder.u16("value.length", value.length);
  builder.u16("pending.access", pending === undefined ? 0 : STATE_ACCESS.indexOf(pending.access));
  builder.u16("perms.length", perms.length);
  for (const { access, domid, stale } of perms) {
    builder.u8("perms.access", (PERMISSION_LETTERS[access] ?? "").charCodeAt(0));
    builder.u8("perms.stale", stale ? PERMISSION_STALE : 0);
    builder.u16("perms.domid", domid);
  }
  builder.text("path", path);
  builder.append(value);
};

const writeDomain = (builder: StateBuilder, record: StateDomain, version: StateVersion): void => {
  const { domid, features, quotas } = record;
  builder.u16("domid", domid);
  builder.u16("quotas.length", quotas.length);
  builder.u32("features", version === 1 ? 0 : features);
  writeQuotas(builder, quotas);
};

const writeQuotas = (builder: StateBuilder, quotas: readonly StateQuota[]): void => {
  for (const [, value] of quotas) builder.u32("quota", value);
  for (const [name] of quotas) builder.text("quota", name);
};
