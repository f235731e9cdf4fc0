import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import {
  DomainStateView,
  getDomainState,
  readCommand,
  readDomain,
  readInterfaceVersion,
  readPad0,
  writeAnswer,
} from "@xenkit/abi";
import { bench, loadC, sample } from "@xenkit/bench";
import { CALL_SIZE, published, type Schema, schemas, structuraeView } from "./contenders.ts";

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

/** An operation of a nanosecond, of ten, of a thousand: samples so short that most are not interrupted. */
const MANY = 500_000;
/** Enough objects to go through all of the young generation. */
const SOME = 400_000;
const FEW = 1_000;

/** Keeps results alive. */
let sink: unknown = 0;

/** State and caps of the answer differ from call to call: one store, in C as here. */
const stateOf = (i: number): number => (i & 15) | (3 << 16);

const UNIQUE_ID = 0x1234_5678_89ab_cdefn;

const view = new DomainStateView();
const viewAnswer = new Int32Array(view.bytes.buffer);

const writeView = (rounds: number): void => {
  for (let i = 0; i < rounds; i += 1) view.writeRequest(i & 0x7fff);
};
const readView = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    viewAnswer[4] = stateOf(i);
    sum ^= view.domid ^ view.state ^ view.caps ^ view.uniqueIdLow ^ view.uniqueIdHigh;
  }
  return sum;
};
const roundTripView = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    view.writeRequest(i & 0x7fff);
    viewAnswer[4] = stateOf(i);
    sum ^= view.domid ^ view.state ^ view.caps ^ view.uniqueIdLow ^ view.uniqueIdHigh;
  }
  return sum;
};
// The record outlives its round, so it must really be made.
const decodeView = (rounds: number): number => {
  let sum = 0;
  let last: unknown;
  for (let i = 0; i < rounds; i += 1) {
    viewAnswer[4] = stateOf(i);
    const answer = view.answer();
    sum ^= answer.state;
    last = answer;
  }
  sink = last;
  return sum;
};
const decodeRecords = (rounds: number): number => {
  let sum = 0;
  let last: unknown;
  for (let i = 0; i < rounds; i += 1) {
    viewAnswer[4] = stateOf(i);
    const answer = getDomainState.decode(view.bytes);
    sum ^= answer.state;
    last = answer;
  }
  sink = last;
  return sum;
};

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

const named = new structuraeView(new ArrayBuffer(CALL_SIZE));
const namedAnswer = new Int32Array(named.buffer);

const readStructurae = (rounds: number): number => {
  let sum = 0;
  for (let i = 0; i < rounds; i += 1) {
    namedAnswer[4] = stateOf(i);
    const id = named.get("uniqueId") as bigint;
    sum ^= named.get("domain") as number;
    sum ^= named.get("state") as number;
    sum ^= named.get("caps") as number;
    sum ^= Number(id & 0xffff_ffffn) ^ Number(id >> 32n);
  }
  return sum;
};

/** An answered call of dom 7, for those who read. */
const answered = (size: number): Uint8Array => {
  const call = getDomainState.encode({ domid: 7, state: 0, caps: 3, uniqueId: UNIQUE_ID });
  return call.slice(0, size);
};

const writeSchema =
  ({ write }: Schema) =>
  (rounds: number): void => {
    for (let i = 0; i < rounds; i += 1) sink = write(i & 0x7fff);
  };
const decodeSchema = ({ decode }: Schema, size: number) => {
  const bytes = answered(size);
  const words = new Int32Array(bytes.buffer);
  return (rounds: number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i += 1) {
      words[4] = stateOf(i);
      const answer = decode(bytes);
      sum ^= answer.state;
      sink = answer;
    }
    return sum;
  };
};
const roundTripSchema =
  ({ write, decode }: Schema) =>
  (rounds: number): void => {
    for (let i = 0; i < rounds; i += 1) sink = decode(write(i & 0x7fff));
  };

const resetAnswers = (): void => {
  for (const bytes of [view.bytes, new Uint8Array(data.buffer), buffer]) bytes.set(answered(144));
  new Uint8Array(named.buffer).set(answered(CALL_SIZE));
};

/** One sample, after one run that does not count. */
const timed = (work: (rounds: number) => unknown, rounds: number) => () => {
  work(rounds);
  return sample(() => {
    work(rounds);
  }, rounds);
};

/**
 * The same on a collected heap: what the packages before left behind is paid for by the first that
 * allocates after them, which should be nobody's time. Not for the packages themselves: a full
 * collection also throws some of their compiled code away, and makes them slower than they are.
 */
const timedCollected = (work: (rounds: number) => unknown, rounds: number) => {
  const sampler = timed(work, rounds);
  return () => {
    globalThis.gc?.();
    return sampler();
  };
};
const C =
  (measure: (rounds: number) => number, rounds = MANY) =>
  () =>
    measure(rounds);

const forSchemas = (make: (schema: Schema, size: number) => (rounds: number) => unknown) =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const size = name.startsWith("@xenkit") ? 144 : CALL_SIZE;
      return [name, timed(make(schema(), size), FEW)];
    }),
  );

const OURS = "@xenkit/abi, in place";

await bench(import.meta, {
  name: "domain-state",
  title: "The buffer of get_domain_state",
  unit: "ns per call",
  baseline: "C",
  verify: () => {
    const rounds = 1000;
    for (const [name, make] of Object.entries(schemas)) {
      const schema = make();
      const size = name.startsWith("@xenkit") ? 144 : CALL_SIZE;
      assert.deepEqual(
        [...schema.write(0x1234).subarray(0, CALL_SIZE)],
        [...getDomainState.encodeRequest(0x1234).subarray(0, CALL_SIZE)],
        `${name} writes other bytes`,
      );
      const { state, uniqueId } = schema.decode(answered(size));
      assert.deepEqual({ state, uniqueId }, { state: 0, uniqueId: UNIQUE_ID }, name);
    }
    resetAnswers();
    c["c_read"]?.(rounds);
    const read = c.c_sum();
    for (const contender of [readView, readDataView, readBuffer, readStructurae]) {
      assert.equal(contender(rounds) >>> 0, read, contender.name);
    }
    const states = decodeView(rounds);
    assert.deepEqual(sink, view.answer());
    for (const contender of [decodeRecords, decodeDataView, decodeBuffer]) {
      assert.equal(contender(rounds), states, contender.name);
      assert.deepEqual(sink, view.answer(), contender.name);
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
        ...forSchemas(writeSchema),
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
        structurae: timed(readStructurae, SOME),
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
        ...forSchemas(roundTripSchema),
      },
    },
    {
      name: "decode to an object with a bigint",
      contenders: {
        C: C(c.c_decode_called),
        "C, inlined": C(c.c_decode),
        "C, a new struct each time": C(c.c_decode_malloc, SOME),
        [OURS]: timedCollected(decodeView, SOME),
        DataView: timedCollected(decodeDataView, SOME),
        Buffer: timedCollected(decodeBuffer, SOME),
        ...forSchemas(decodeSchema),
        "@xenkit/abi, records": timedCollected(decodeRecords, SOME),
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
      row: "round trip in one buffer",
      contender: OURS,
      against: "typed-binary, stock",
      atMost: 1 / 400,
    },
    ...published.map((against) => ({
      row: "decode to an object with a bigint",
      contender: OURS,
      against,
      atMost: 1 / 6,
    })),
  ],
  notes: [
    "Write: `cmd`, `interface_version`, `domain` and the payload. Read: domid, state, caps and the unique id as two halves;",
    "between two reads state and caps change, by one store. Round trip: write, that store, read. Decode: the record outlives",
    "its round. Serve: the hypervisor's checks of a request, and its answer. Packages with records get a schema of the 32 bytes that matter, not of all 144.",
    "",
    "C is `gcc -O3 -march=native`, one function for each operation, called as a library's functions are, with a barrier where",
    "the hypercall would be. *Inlined*: the compiler merges it all into the loop. *A new struct each time*: all 144 bytes",
    "written, as C's initialisers do; for a decoded record, allocated, and freed when the next one comes.",
  ].join("\n"),
});
