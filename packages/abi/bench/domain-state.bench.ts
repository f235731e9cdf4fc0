import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import {
  getDomainState,
  readCommand,
  readDomain,
  readInterfaceVersion,
  readPad0,
  writeAnswer,
} from "@xenkit/abi";
import { bench, loadC, sample } from "@xenkit/bench";
import { CALL_SIZE, FASTEST, schemas } from "./contenders.ts";
import {
  answerView,
  decodeRecords,
  decodeView,
  lastAnswer,
  readView,
  roundTripView,
  stateOf,
  writeView,
} from "./view-loops.ts";

// All of the collector's work in the thread that is measured: nothing is hidden on another core, and on a
// busy machine nobody waits for a helper thread that does not get its turn.
setFlagsFromString("--no-parallel-scavenge");

const c = loadC(new URL("./abi.c", import.meta.url), {
  c_write: "double c_write(int rounds)",
  c_write_called: "double c_write_called(int rounds)",
  c_write_new: "double c_write_new(int rounds)",
  c_read: "double c_read(int rounds)",
  c_read_called: "double c_read_called(int rounds)",
  c_round_trip: "double c_round_trip(int rounds)",
  c_round_trip_called: "double c_round_trip_called(int rounds)",
  c_decode: "double c_decode(int rounds)",
  c_decode_called: "double c_decode_called(int rounds)",
  c_decode_malloc: "double c_decode_malloc(int rounds)",
  c_serve: "double c_serve(int rounds)",
  c_serve_called: "double c_serve_called(int rounds)",
  c_sum: "double c_sum(void)",
});

/** An operation of a nanosecond: samples so short that most are not interrupted. */
const MANY = 500_000;
/** Enough objects to go through all of the young generation. */
const SOME = 400_000;

/** Keeps results alive. */
let sink: unknown = 0;

const caller = getDomainState.encodeRequest(7);

const serveBytes = (bytes: Uint8Array, i: number): number => {
  if (readCommand(bytes) !== 90 || readInterfaceVersion(bytes) !== 0) return -13;
  if (readPad0(bytes) !== 0) return -22;
  const domid = readDomain(bytes);
  writeAnswer(bytes, domid, 1, i & 7, i, i + 1);
  return domid;
};
const serve = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) sum += serveBytes(caller, i);
  return sum;
};

const data = new DataView(new ArrayBuffer(144));
const dataAnswer = new Int32Array(data.buffer);

const writeDataView = (rounds: number): void => {
  for (let i = 0; i < rounds; i += 1) {
    data.setUint32(0, 90, true);
    data.setUint32(4, 0, true);
    data.setUint16(8, i & 0x7fff, true);
    data.setUint16(16, 0, true);
    data.setUint16(18, 0, true);
    data.setUint32(20, 0, true);
    data.setUint32(24, 0, true);
    data.setUint32(28, 0, true);
  }
};
const readDataView = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    dataAnswer[4] = stateOf(i);
    sum ^= data.getUint16(8, true) ^ data.getUint16(16, true) ^ data.getUint16(18, true);
    sum ^= data.getUint32(24, true) ^ data.getUint32(28, true);
  }
  return sum;
};
const roundTripDataView = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    data.setUint32(0, 90, true);
    data.setUint32(4, 0, true);
    data.setUint16(8, i & 0x7fff, true);
    data.setUint16(16, 0, true);
    data.setUint16(18, 0, true);
    data.setUint32(20, 0, true);
    data.setUint32(24, 0, true);
    data.setUint32(28, 0, true);
    dataAnswer[4] = stateOf(i);
    sum ^= data.getUint16(8, true) ^ data.getUint16(16, true) ^ data.getUint16(18, true);
    sum ^= data.getUint32(24, true) ^ data.getUint32(28, true);
  }
  return sum;
};
const decodeDataView = (rounds: number): number => {
  let sum = 0;
  let last: unknown;
  for (let i = 0; i < rounds; i += 1) {
    dataAnswer[4] = stateOf(i);
    const answer = {
      domid: data.getUint16(8, true),
      state: data.getUint16(16, true),
      caps: data.getUint16(18, true),
      uniqueId: data.getBigUint64(24, true),
    };
    sum ^= answer.state;
    last = answer;
  }
  sink = last;
  return sum;
};

const buffer = Buffer.from(new ArrayBuffer(144));
const bufferAnswer = new Int32Array(buffer.buffer);

const writeBuffer = (rounds: number): void => {
  for (let i = 0; i < rounds; i += 1) {
    buffer.writeUInt32LE(90, 0);
    buffer.writeUInt32LE(0, 4);
    buffer.writeUInt16LE(i & 0x7fff, 8);
    buffer.writeUInt16LE(0, 16);
    buffer.writeUInt16LE(0, 18);
    buffer.writeUInt32LE(0, 20);
    buffer.writeUInt32LE(0, 24);
    buffer.writeUInt32LE(0, 28);
  }
};
const readBuffer = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    bufferAnswer[4] = stateOf(i);
    sum ^= buffer.readUInt16LE(8) ^ buffer.readUInt16LE(16) ^ buffer.readUInt16LE(18);
    sum ^= buffer.readUInt32LE(24) ^ buffer.readUInt32LE(28);
  }
  return sum;
};
const roundTripBuffer = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    buffer.writeUInt32LE(90, 0);
    buffer.writeUInt32LE(0, 4);
    buffer.writeUInt16LE(i & 0x7fff, 8);
    buffer.writeUInt16LE(0, 16);
    buffer.writeUInt16LE(0, 18);
    buffer.writeUInt32LE(0, 20);
    buffer.writeUInt32LE(0, 24);
    buffer.writeUInt32LE(0, 28);
    bufferAnswer[4] = stateOf(i);
    sum ^= buffer.readUInt16LE(8) ^ buffer.readUInt16LE(16) ^ buffer.readUInt16LE(18);
    sum ^= buffer.readUInt32LE(24) ^ buffer.readUInt32LE(28);
  }
  return sum;
};
const decodeBuffer = (rounds: number): number => {
  let sum = 0;
  let last: unknown;
  for (let i = 0; i < rounds; i += 1) {
    bufferAnswer[4] = stateOf(i);
    const answer = {
      domid: buffer.readUInt16LE(8),
      state: buffer.readUInt16LE(16),
      caps: buffer.readUInt16LE(18),
      uniqueId: buffer.readBigUInt64LE(24),
    };
    sum ^= answer.state;
    last = answer;
  }
  sink = last;
  return sum;
};

const fastest = schemas[FASTEST]?.();
assert(fastest);
const fastestBytes = new Uint8Array(CALL_SIZE);
const fastestAnswer = new Int32Array(fastestBytes.buffer);

const decodeFastest = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    fastestAnswer[4] = stateOf(i);
    const answer = fastest.decode(fastestBytes);
    sum ^= answer.state;
    sink = answer;
  }
  return sum;
};

/** An answered call of dom 7, for those who read. */
const answered = (): Uint8Array => {
  const uniqueId = 0x1234_5678_89ab_cdefn;
  return getDomainState.encode({ domid: 7, state: 0, caps: 3, uniqueId });
};

const resetAnswers = (): void => {
  for (const bytes of [new Uint8Array(data.buffer), buffer]) bytes.set(answered());
  answerView(answered());
  fastestBytes.set(answered().subarray(0, CALL_SIZE));
};

/** One sample, after one run that does not count. */
const timed = (work: (rounds: number) => unknown, rounds: number) => () => {
  work(rounds);
  return sample(() => {
    work(rounds);
  }, rounds);
};
const C =
  (measure: (rounds: number) => number, rounds = MANY) =>
  () =>
    measure(rounds);

const OURS = "@xenkit/abi, in place";

await bench(import.meta, {
  name: "domain-state",
  title: "The buffer of get_domain_state",
  unit: "ns per call",
  baseline: "C",
  verify: () => {
    const rounds = 1000;
    resetAnswers();
    c["c_read"]?.(rounds);
    const read = c.c_sum();
    for (const contender of [readView, readDataView, readBuffer]) {
      assert.equal(contender(rounds) >>> 0, read, contender.name);
    }
    const states = decodeView(rounds);
    const answer = lastAnswer();
    assert.equal(decodeRecords(rounds), states);
    assert.equal(decodeFastest(rounds), states);
    assert.deepEqual(lastAnswer(), answer);
    for (const contender of [decodeDataView, decodeBuffer]) {
      assert.equal(contender(rounds), states, contender.name);
      assert.deepEqual(sink, answer, contender.name);
    }
    c["c_round_trip"]?.(rounds);
    const roundTrip = c.c_sum();
    for (const contender of [roundTripView, roundTripDataView, roundTripBuffer]) {
      assert.equal(contender(rounds) >>> 0, roundTrip, contender.name);
    }
    assert.equal(serve(rounds), 7 * rounds);
    resetAnswers();
  },
  rows: () => [
    {
      name: "write a request",
      contenders: {
        C: C(c.c_write_called),
        "C, inlined": C(c.c_write),
        "C, a new struct each time": C(c.c_write_new),
        [OURS]: timed(writeView, MANY),
        DataView: timed(writeDataView, MANY),
        Buffer: timed(writeBuffer, SOME),
      },
    },
    {
      name: "read in place",
      contenders: {
        C: C(c.c_read_called),
        "C, inlined": C(c.c_read),
        [OURS]: timed(readView, MANY),
        DataView: timed(readDataView, MANY),
        Buffer: timed(readBuffer, SOME),
      },
    },
    {
      name: "round trip in one buffer",
      contenders: {
        C: C(c.c_round_trip_called),
        "C, inlined": C(c.c_round_trip),
        [OURS]: timed(roundTripView, MANY),
        DataView: timed(roundTripDataView, MANY),
        Buffer: timed(roundTripBuffer, SOME),
      },
    },
    {
      name: "decode to an object with a bigint",
      contenders: {
        C: C(c.c_decode_called),
        "C, inlined": C(c.c_decode),
        "C, a new struct each time": C(c.c_decode_malloc, SOME),
        [OURS]: timed(decodeView, SOME),
        DataView: timed(decodeDataView, SOME),
        Buffer: timed(decodeBuffer, SOME),
        "@xenkit/abi, records": timed(decodeRecords, SOME),
        [FASTEST]: timed(decodeFastest, SOME / 10),
      },
    },
    {
      name: "serve a call",
      contenders: {
        C: C(c.c_serve_called),
        "C, inlined": C(c.c_serve),
        [OURS]: timed(serve, SOME),
      },
    },
  ],
  targets: [
    // The same bounds twice: against C as a library has it, and against the strictest C there is.
    ...["C", "C, inlined"].flatMap((against) => [
      { row: "write a request", contender: OURS, against, atMost: 1 },
      { row: "read in place", contender: OURS, against, atMost: 1.4 },
      { row: "round trip in one buffer", contender: OURS, against, atMost: 1.25 },
      { row: "decode to an object with a bigint", contender: OURS, against, atMost: 6.5 },
    ]),
    {
      row: "decode to an object with a bigint",
      contender: OURS,
      against: FASTEST,
      atMost: 1 / 6,
    },
  ],
  notes: [
    "Write: `cmd`, `interface_version`, `domain` and the payload. Read: domid, state, caps and the unique id as two halves;",
    "between two reads state and caps change, by one store. Round trip: write, that store, read. Decode: the record outlives",
    "its round. Serve: the hypervisor's checks of a request, and its answer.",
    "The other packages are in packages.md; the one that decodes fastest is here too.",
    "",
    "C is `gcc -O3 -march=native`, one function for each operation, called as a library's functions are, with a barrier where",
    "the hypercall would be. *Inlined*: the compiler merges it all into the loop. *A new struct each time*: all 144 bytes",
    "written, as C's initialisers do; for a decoded record, allocated, and freed when the next one comes.",
  ].join("\n"),
});
