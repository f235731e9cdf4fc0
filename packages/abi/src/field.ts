import { AbiError } from "./errors.ts";
import { joinHalves } from "./little-endian.ts";

/** Reads numbers, little endian, from a position that moves on. All that a field asks of a reader. */
export interface FieldReader {
  readUint8(): number;
  readUint16(): number;
  readInt16(): number;
  readUint32(): number;
  readInt32(): number;
  /** Sets the position, in bytes from the start of the buffer. */
  seekTo(offset: number): void;
}

/** Writes numbers, little endian, at a position that moves on. All that a field asks of a writer. */
export interface FieldWriter {
  writeUint8(value: number): void;
  writeUint16(value: number): void;
  writeInt16(value: number): void;
  writeUint32(value: number): void;
  writeInt32(value: number): void;
  /** Sets the position, in bytes from the start of the buffer. */
  seekTo(offset: number): void;
}

/** A type of C as it lies in memory, and the value that it stands for. */
export interface Field<T> {
  /** In bytes. */
  readonly size: number;
  /** In bytes, a power of two: offsets of this field are multiples of it. */
  readonly align: number;
  /** Which of its bytes carry a value, ascending; the others are padding. */
  readonly bytes: readonly number[];
  /** Reads it at an offset of the reader's buffer. Every bit pattern is a value. */
  read(reader: FieldReader, at: number): T;
  /**
   * Checks a value and appends it to `checked`, without writing yet. Values that can change later are copied.
   *
   * @param where - The path of the struct, for the error.
   * @param key - The name of the field in the struct, for the error.
   * @throws `AbiError` with code `wrong-type`, `wrong-size` or `out-of-range`.
   */
  check(value: T, where: string, key: string, checked: unknown[]): void;
  /**
   * Writes what {@link check} appended, at an offset of the writer's buffer.
   *
   * @param from - Where in `checked` this field's part begins.
   * @returns Where the next field's part begins.
   */
  write(writer: FieldWriter, at: number, checked: readonly unknown[], from: number): number;
}

/** The value that a field stands for. */
export type FieldValue<F> = F extends Field<infer T> ? T : never;

/** 0, 1, … size − 1. */
const allBytes = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

/** What a value is, in a word, for an error. */
export const describe = (value: unknown): string => {
  if (value === null) return "null";
  return typeof value === "number" ? `${value}` : typeof value;
};

interface IntegerKind {
  readonly size: number;
  readonly min: number;
  readonly max: number;
  readonly get: (reader: FieldReader) => number;
  readonly put: (writer: FieldWriter, value: number) => void;
}

const integer = ({ size, min, max, get, put }: IntegerKind): Field<number> => ({
  size,
  align: size,
  bytes: allBytes(size),
  read: (reader, at) => {
    reader.seekTo(at);
    return get(reader);
  },
  check: (value: unknown, where, key, checked) => {
    if (typeof value !== "number" || !Number.isInteger(value)) {
      const actual = describe(value);
      throw new AbiError("wrong-type", `${where}.${key}`, { expected: "an integer", actual });
    }
    if (value < min || value > max) {
      throw new AbiError("out-of-range", `${where}.${key}`, { value, min, max });
    }
    checked.push(value);
  },
  write: (writer, at, checked, from) => {
    writer.seekTo(at);
    put(writer, checked[from] as number);
    return from + 1;
  },
});

/** `uint8_t`: 0 … 255. */
export const u8: Field<number> = integer({
  size: 1,
  min: 0,
  max: 0xff,
  get: (reader) => reader.readUint8(),
  put: (writer, value) => writer.writeUint8(value),
});

/** `uint16_t`, little endian: 0 … 65,535. */
export const u16: Field<number> = integer({
  size: 2,
  min: 0,
  max: 0xffff,
  get: (reader) => reader.readUint16(),
  put: (writer, value) => writer.writeUint16(value),
});

/** `int16_t`, little endian: −32,768 … 32,767. */
export const i16: Field<number> = integer({
  size: 2,
  min: -0x8000,
  max: 0x7fff,
  get: (reader) => reader.readInt16(),
  put: (writer, value) => writer.writeInt16(value),
});

/** `uint32_t`, little endian: 0 … 2³² − 1. */
export const u32: Field<number> = integer({
  size: 4,
  min: 0,
  max: 0xffff_ffff,
  get: (reader) => reader.readUint32(),
  put: (writer, value) => writer.writeUint32(value),
});

/** `int32_t`, little endian: −2³¹ … 2³¹ − 1. */
export const i32: Field<number> = integer({
  size: 4,
  min: -0x8000_0000,
  max: 0x7fff_ffff,
  get: (reader) => reader.readInt32(),
  put: (writer, value) => writer.writeInt32(value),
});

const U64_MAX = 2n ** 64n - 1n;

/** `uint64_t`, little endian, aligned to 8 (`uint64_aligned_t`): a bigint, 0 … 2⁶⁴ − 1. */
export const u64: Field<bigint> = {
  size: 8,
  align: 8,
  bytes: allBytes(8),
  read: (reader, at) => {
    reader.seekTo(at);
    const low = reader.readUint32();
    const high = reader.readUint32();
    return joinHalves(low, high);
  },
  check: (value: unknown, where, key, checked) => {
    if (typeof value !== "bigint") {
      const actual = describe(value);
      throw new AbiError("wrong-type", `${where}.${key}`, { expected: "a bigint", actual });
    }
    if (value < 0n || value > U64_MAX) {
      throw new AbiError("out-of-range", `${where}.${key}`, { value, min: 0n, max: U64_MAX });
    }
    checked.push(value);
  },
  write: (writer, at, checked, from) => {
    const value = checked[from] as bigint;
    writer.seekTo(at);
    writer.writeUint32(Number(value & 0xffff_ffffn));
    writer.writeUint32(Number(value >> 32n));
    return from + 1;
  },
};

/** The most bytes that a field may have: more than any struct of the interface. */
const MOST_BYTES = 0x1_0000;

/**
 * `uint8_t[size]`: a Uint8Array of exactly that many bytes. Values are copied in and out.
 *
 * @param size - 0 … 65,536.
 * @throws `AbiError` with code `out-of-range`.
 */
export const bytes = (size: number): Field<Uint8Array> => {
  if (!Number.isInteger(size) || size < 0 || size > MOST_BYTES) {
    throw new AbiError("out-of-range", "bytes.size", { value: size, min: 0, max: MOST_BYTES });
  }
  return {
    size,
    align: 1,
    bytes: allBytes(size),
    read: (reader, at) => {
      reader.seekTo(at);
      const value = new Uint8Array(size);
      for (let index = 0; index < size; index += 1) value[index] = reader.readUint8();
      return value;
    },
    check: (value: unknown, where, key, checked) => {
      if (!(value instanceof Uint8Array)) {
        const actual = describe(value);
        throw new AbiError("wrong-type", `${where}.${key}`, { expected: "a Uint8Array", actual });
      }
      // The copy is measured: a subclass can say what it likes of its length.
      const copy = new Uint8Array(value);
      if (copy.length !== size) {
        const actual = copy.length;
        throw new AbiError("wrong-size", `${where}.${key}`, { expected: size, actual });
      }
      checked.push(copy);
    },
    write: (writer, at, checked, from) => {
      writer.seekTo(at);
      for (const byte of checked[from] as Uint8Array) writer.writeUint8(byte);
      return from + 1;
    },
  };
};
