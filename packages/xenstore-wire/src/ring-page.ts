/**
 * The page that a guest and the daemon share: two rings of 1024 bytes and their indexes. Offsets in bytes.
 *
 * Indexes are free-running u32: position = index mod 1024, fill = prod − cons mod 2³². Source: Xen 4.22,
 * `public/io/xs_wire.h`.
 */
export const RING_PAGE = {
  size: 4096,
  /** Requests, guest to daemon. */
  request: 0,
  /** Replies and events, daemon to guest. */
  response: 1024,
  /** Written by the daemon. */
  requestConsumer: 2048,
  /** Written by the guest. */
  requestProducer: 2052,
  /** Written by the guest. */
  responseConsumer: 2056,
  /** Written by the daemon. */
  responseProducer: 2060,
  /** A set of `FEATURE` bits. Written by the daemon. */
  features: 2064,
  /** A `RING_CONNECTION`. */
  connection: 2068,
  /** A `RING_ERROR`. */
  error: 2072,
  /** The port, for domains made without a toolstack; not 0: overrides the port of INTRODUCE. */
  eventChannelPort: 2076,
} as const;

/** Bytes in each ring. All of them may be filled. */
export const RING_SIZE = 1024;

/** The states of `connection` in the page, u32. */
export const RING_CONNECTION = { connected: 0, reconnect: 1 } as const;

/** The values of `error` in the page, u32: why the server has closed the ring. */
export const RING_ERROR = { none: 0, communication: 1, index: 2, protocol: 3 } as const;

/** What a daemon offers, in the page and in GET_FEATURE. */
export const FEATURE = {
  reconnection: 1,
  error: 2,
  watchDepth: 4,
  /** DOMID_ANY in permissions. */
  domidAny: 8,
} as const;

/**
 * How many bytes a ring holds.
 *
 * @param producer - A u32, as read from the page.
 * @param consumer - A u32, as read from the page.
 * @returns 0 to 1024; undefined when the two are further apart: the other side is broken or hostile (XSA-38).
 */
export const ringFill = (producer: number, consumer: number): number | undefined => {
  const fill = (producer - consumer) >>> 0;
  return fill <= RING_SIZE ? fill : undefined;
};
