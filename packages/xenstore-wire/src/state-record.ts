/** Big-endian: the C daemon reads and writes its own machine's order only. */
export type StateByteOrder = "little" | "big";

/** 1: before Xen 4.22: no watches with a depth, no features. */
export type StateVersion = 1 | 2;

/** Descriptors that a daemon hands on to its successor. Live update only. */
export interface StateGlobal {
  readonly type: "global";
  /** The listening socket; −1: none. An i32. */
  readonly socket: number;
  /** The event channel device. An i32. */
  readonly eventChannel: number;
}

/** A guest behind its ring. */
export interface StateRing {
  readonly kind: "ring";
  /** A u16. */
  readonly domid: number;
  /** The domain that it acts for (SET_TARGET). */
  readonly target: number | undefined;
  /** The daemon's end of the event channel, a u32. */
  readonly port: number;
}

/** A client on a socket. */
export interface StateSocket {
  readonly kind: "socket";
  /** An i32. */
  readonly descriptor: number;
}

/** A connection, before its watches. */
export interface StateConnection {
  readonly type: "connection";
  /** A u32, not 0. Other records name the connection by it. */
  readonly id: number;
  readonly peer: StateRing | StateSocket;
  /** Of the domain; undefined: the record does not tell. Below 2⁶⁴. */
  readonly uniqueId: bigint | undefined;
  /** Bytes that were read and belong to a message that is not whole yet. Up to 65535. */
  readonly received: Uint8Array;
  /** Bytes that were not written yet. */
  readonly unsent: Uint8Array;
  /** How many of {@link unsent} finish a message of which a part was written. Up to 65535. */
  readonly unsentOfMessage: number;
}

/** A watch. */
export interface StateWatch {
  readonly type: "watch";
  readonly connection: number;
  /** As the client gave it: a relative path stays one. A binary string, as {@link token}. */
  readonly path: string;
  readonly token: string;
  /** Levels; up to 65534. Undefined: any number. */
  readonly depth: number | undefined;
}

/** An open transaction. The C daemon writes none, and passes over those that it reads. */
export interface StateTransaction {
  readonly type: "transaction";
  readonly connection: number;
  readonly id: number;
}

/** What a transaction did to its copy of a node, by the record's number. */
export const STATE_ACCESS = ["deleted", "read", "written"] as const;

/** A transaction's copy of a node. */
export interface StatePending {
  readonly connection: number;
  readonly transaction: number;
  readonly access: (typeof STATE_ACCESS)[number];
}

/** One entry of a node's permissions. */
export interface StatePermission {
  /** A set of `ACCESS` bits. */
  readonly access: number;
  /** A u16. */
  readonly domid: number;
  /** It was made for a domain that is not any more, or never was. */
  readonly stale: boolean;
}

/** A node, after its parent. */
export interface StateNode {
  readonly type: "node";
  /** Undefined: a committed node. */
  readonly pending: StatePending | undefined;
  /** Canonical. A binary string. */
  readonly path: string;
  /** Up to 65535 bytes. */
  readonly value: Uint8Array;
  /** The owner first. A committed node has one at least. */
  readonly perms: readonly StatePermission[];
}

/** A quota: its name as in GET_QUOTA, and a u32. Who reads passes over names that it does not know. */
export type StateQuota = readonly [name: string, value: number];

/** The quotas that new domains get, and those that are no domain's. */
export interface StateGlobalQuotas {
  readonly type: "global-quotas";
  readonly domain: readonly StateQuota[];
  readonly global: readonly StateQuota[];
}

/** What is kept for a domain. */
export interface StateDomain {
  readonly type: "domain";
  /** A u16. */
  readonly domid: number;
  /** A set of `FEATURE` bits. 0 in version 1. */
  readonly features: number;
  readonly quotas: readonly StateQuota[];
}

/** One record of a state stream. */
export type StateRecord =
  | StateGlobal
  | StateGlobalQuotas
  | StateConnection
  | StateWatch
  | StateTransaction
  | StateNode
  | StateDomain;

/** The numbers of the records. */
export const STATE_RECORD = {
  end: 0,
  global: 1,
  connection: 2,
  watch: 3,
  transaction: 4,
  node: 5,
  "global-quotas": 6,
  domain: 7,
  /** With a depth. Version 2. */
  watchExtended: 8,
} as const;

/** What stands at the start of a stream, in ASCII. */
export const STATE_MAGIC = "xenstore";
/** The stream's header, in bytes: magic, version, flags, the numbers big-endian. */
export const STATE_HEADER_SIZE = 16;
/** Bit 0 of the flags: the records are big-endian. The others are 0. */
export const STATE_BIG_ENDIAN = 1;
/** Type and length in front of a record, in bytes. */
export const STATE_RECORD_HEAD = 8;
/** Records begin at multiples of this. */
export const STATE_ALIGNMENT = 8;

/** A target domid that says: none. */
export const NO_TARGET = 0x7ff4;
/** A depth that says: any. */
export const ANY_DEPTH = 0xffff;
/** Bit 0 of a connection's fields: a unique id stands at the end. */
export const HAS_UNIQUE_ID = 1;
export const KIND_RING = 0;
export const KIND_SOCKET = 1;
/** Bit 0 of a permission's flags. */
export const PERMISSION_STALE = 1;
