import { strict as assert } from "node:assert";
import { bench, loadC, sample } from "@xenkit/bench";
import { encodeMessage, FrameReader, MESSAGE, oneString } from "@xenkit/xenstore-wire";

const MESSAGES = 128;
const ROUNDS = 100;

/** Requests as clients send them in one go. */
const stream = Buffer.concat(
  Array.from({ length: MESSAGES }, (_, reqId) =>
    encodeMessage({
      type: MESSAGE.read,
      reqId,
      txId: 0,
      payload: Buffer.from("/local/domain/5/name\0"),
    }),
  ),
);

const c = loadC(new URL("./frames.c", import.meta.url), {
  frames: "double frames(const uint8_t *bytes, int length, int rounds, _Out_ uint32_t *sum)",
});

const inC = (): { readonly ns: number; readonly sum: number } => {
  const sum = [0];
  const ns = Number(c.frames(stream, stream.length, ROUNDS, sum));
  return { ns, sum: sum[0] ?? 0 };
};

const reader = new FrameReader();

/** Sums what C sums; `look` sees each payload. */
const read = (chunk: Uint8Array, look: (payload: Uint8Array) => void): number => {
  let sum = 0;
  reader.push(chunk);
  while (reader.next()) {
    const { payload } = reader;
    look(payload);
    sum += reader.type + reader.reqId + (payload[payload.length - 1] ?? 0);
  }
  return sum;
};

const ignore = (): void => {};
let kept: string | undefined;
const keepString = (payload: Uint8Array): void => {
  kept = oneString(payload);
};

const withDecoder = new TextDecoder();
const decode = (chunk: Uint8Array): number => {
  let sum = 0;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let at = 0; at < chunk.length; ) {
    const header = {
      type: view.getUint32(at, true),
      reqId: view.getUint32(at + 4, true),
      txId: view.getUint32(at + 8, true),
      length: view.getUint32(at + 12, true),
    };
    const payload = chunk.subarray(at + 16, at + 16 + header.length);
    kept = withDecoder.decode(payload);
    sum += header.type + header.reqId + (payload[payload.length - 1] ?? 0);
    at += 16 + header.length;
  }
  return sum;
};

const times = (run: () => void) => (): number =>
  sample(() => {
    for (let round = 0; round < ROUNDS; round += 1) run();
  }, ROUNDS * MESSAGES);

await bench(import.meta, {
  name: "frames",
  title: "Xenstore messages out of a byte stream",
  unit: "ns per message of 21 payload bytes, 128 in a chunk",
  baseline: "C, payload copied",
  verify: () => {
    const expected = inC().sum / ROUNDS;
    assert.equal(read(stream, ignore), expected);
    assert.equal(read(stream, keepString), expected);
    assert.equal(kept, "/local/domain/5/name");
    assert.equal(decode(stream), expected);
    assert.equal(kept, "/local/domain/5/name\0");
  },
  rows: () => [
    {
      name: "read",
      contenders: {
        "C, payload copied": () => inC().ns,
        FrameReader: times(() => read(stream, ignore)),
        "FrameReader and oneString": times(() => read(stream, keepString)),
        "DataView, object, TextDecoder": times(() => decode(stream)),
      },
    },
  ],
});
