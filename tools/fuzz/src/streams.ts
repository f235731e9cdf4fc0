import {
  bytesOf,
  encodeMessage,
  joinStrings,
  type Message,
  RING_PAGE,
} from "@xenkit/xenstore-wire";
import fc from "fast-check";

/** Strings that mean something to some request. */
const WORDS: readonly string[] = [
  ...["/", "/a", "a/b", "/tool", "@releaseDomain", "@introduceDomain", "/local/domain/5/x"],
  ...["0", "5", "6", "-1", "65536", "32757", "n0", "b5", "r32757", "T", "F", "t", ""],
  ...["quota", "log", "check", "print", "set", "nodes", "memory"],
];

/** One request: any type, a payload that suits some type, or bytes. */
const message: fc.Arbitrary<Message> = fc.record({
  type: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 27 }) }, fc.nat({ max: 0xffff_ffff })),
  reqId: fc.nat({ max: 0xffff_ffff }),
  txId: fc.constantFrom(0, 0, 0, 1, 2, 0xffff_ffff),
  payload: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .array(fc.constantFrom(...WORDS), { maxLength: 5 })
        .map((strings) => bytesOf(joinStrings(strings))),
    },
    { weight: 3, arbitrary: fc.uint8Array({ maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(4096).fill(0x2f)) },
  ),
});

/** Streams that begin well: what is broken only now and then gets further in. */
const structured: fc.Arbitrary<Uint8Array> = fc
  .record({
    messages: fc.array(message, { minLength: 1, maxLength: 20, size: "max" }),
    /** Bytes that are written over, by their place in the stream. */
    flips: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), {
      maxLength: 3,
    }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
  })
  .map(({ messages, flips, cut }) => {
    const bytes = Buffer.concat(messages.map(encodeMessage));
    for (const [at, value] of flips) bytes[Math.floor(at * (bytes.length - 1))] = value;
    return bytes.subarray(0, cut === null ? bytes.length : Math.floor(cut * bytes.length));
  });

/** Any bytes: requests that are broken now and then, or nothing of the kind. */
export const stream: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: structured },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
);

/** Something that a guest does to its ring page before it notifies. */
export type Scribble =
  /** Bytes, as requests are written. */
  | { readonly bytes: Uint8Array }
  /** A u32. */
  | { readonly field: number; readonly value: number }
  /** A byte. */
  | { readonly at: number; readonly value: number };

const FIELDS: readonly number[] = [
  RING_PAGE.requestConsumer,
  RING_PAGE.requestProducer,
  RING_PAGE.responseConsumer,
  RING_PAGE.responseProducer,
  RING_PAGE.features,
  RING_PAGE.connection,
  RING_PAGE.error,
  RING_PAGE.eventChannelPort,
];

export const scribble: fc.Arbitrary<Scribble> = fc.oneof(
  { weight: 3, arbitrary: stream.map((bytes) => ({ bytes })) },
  fc.record({
    field: fc.constantFrom(...FIELDS),
    value: fc.oneof(fc.nat({ max: 1100 }), fc.nat({ max: 0xffff_ffff })),
  }),
  fc.record({ at: fc.nat({ max: RING_PAGE.size - 1 }), value: fc.nat({ max: 255 }) }),
);
