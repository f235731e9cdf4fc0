import { BufferReader, BufferWriter } from "typed-binary";
import { AbiError } from "./errors.ts";
import {
  describe,
  type Field,
  type FieldReader,
  type FieldValue,
  type FieldWriter,
} from "./field.ts";

/** Where one field of a struct lies. */
export interface FieldLayout {
  /** As in the record. */
  readonly name: string;
  /** In bytes, from the start of the struct. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
}

/** One C struct: its bytes, little endian, and its record. Also a {@link Field} of a larger struct. */
export interface StructCodec<T> extends Field<T> {
  /** The C name, without `struct`. */
  readonly name: string;
  /** The fields in the order of their offsets. */
  readonly fields: readonly FieldLayout[];
  /**
   * Writes a record.
   *
   * Everything is checked first: when it throws, the target is as it was. Padding of the target is
   * left as it is; of a new buffer it is 0.
   *
   * @param target - Where to write. Left out: a new buffer of {@link size} bytes.
   * @param offset - Where the struct begins in the target. Left out: the target is exactly the struct.
   * @returns The target.
   * @throws {@link AbiError} `wrong-size`, `wrong-type` or `out-of-range`.
   */
  encode(value: T, target?: Uint8Array, offset?: number): Uint8Array;
  /**
   * Reads a record. The bytes are copied before any is looked at, so memory that another thread
   * writes to cannot change under the reader.
   *
   * @param offset - Where the struct begins. Left out: the bytes are exactly the struct.
   * @throws {@link AbiError} `wrong-size`.
   */
  decode(bytes: Uint8Array, offset?: number): T;
}

type Fields = Readonly<Record<string, Field<never> | Field<unknown>>>;

/** The record of a struct with these fields. */
export type StructValue<F> = { readonly [K in keyof F]: FieldValue<F[K]> };

/** A reader and a writer cost more than a struct takes to read: made once, over a buffer of their own. */
interface Scratch {
  readonly bytes: Uint8Array;
  readonly reader: FieldReader;
  readonly writer: FieldWriter;
}

const makeScratch = (size: number): Scratch => {
  const buffer = new ArrayBuffer(size);
  return {
    bytes: new Uint8Array(buffer),
    reader: new BufferReader(buffer, { endianness: "little" }),
    writer: new BufferWriter(buffer, { endianness: "little" }),
  };
};

const roundUp = (value: number, align: number): number => Math.ceil(value / align) * align;

/** Checks that a value is an object, whose fields can be looked at. */
export const checkRecord = (value: unknown, where: string): void => {
  if (typeof value !== "object" || value === null) {
    const actual = describe(value);
    throw new AbiError("wrong-type", where, { expected: "a record", actual });
  }
};

/** Checks that `size` bytes lie at the offset, and returns where they begin. */
export const placeOf = (
  name: string,
  size: number,
  bytes: Uint8Array,
  offset: number | undefined,
): number => {
  if (offset === undefined) {
    if (bytes.length !== size) {
      throw new AbiError("wrong-size", name, { expected: size, actual: bytes.length });
    }
    return 0;
  }
  if (!Number.isInteger(offset) || offset < 0) {
    throw new AbiError("out-of-range", `${name}.offset`, {
      value: offset,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    });
  }
  // This way round, for what has no length at all.
  if (!(bytes.length - offset >= size)) {
    const actual = Math.max(0, bytes.length - offset);
    throw new AbiError("wrong-size", name, { expected: size, actual });
  }
  return offset;
};

/**
 * A struct by the rules of C: every field at the next multiple of its alignment, the whole padded to
 * a multiple of the largest alignment.
 *
 * @param name - The C name, without `struct`.
 * @param fields - The fields in the order of the C declaration.
 */
export const struct = <const F extends Fields>(
  name: string,
  fields: F,
): StructCodec<StructValue<F>> => {
  type T = StructValue<F>;
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  const layout: FieldLayout[] = [];
  const covered: number[] = [];
  let end = 0;
  let align = 1;
  for (const [key, field] of entries) {
    const offset = roundUp(end, field.align);
    layout.push({ name: key, offset, size: field.size });
    covered.push(...field.bytes.map((index) => offset + index));
    end = offset + field.size;
    align = Math.max(align, field.align);
  }
  const size = roundUp(end, align);
  const placed = entries.map(([key, field], index) => ({
    key,
    field,
    offset: layout[index]?.offset ?? 0,
  }));

  const read = (reader: FieldReader, at: number): T => {
    const record: Record<string, unknown> = {};
    for (const { key, field, offset } of placed) record[key] = field.read(reader, at + offset);
    return record as T;
  };
  const checkFields = (value: T, where: string, checked: unknown[]): void => {
    checkRecord(value, where);
    const record = value as Record<string, unknown>;
    for (const { key, field } of placed) field.check(record[key], where, key, checked);
  };
  const write = (
    writer: FieldWriter,
    at: number,
    checked: readonly unknown[],
    from: number,
  ): number => {
    let next = from;
    for (const { field, offset } of placed) next = field.write(writer, at + offset, checked, next);
    return next;
  };

  let scratch: Scratch | undefined;
  return {
    name,
    size,
    align,
    bytes: covered,
    fields: layout,
    read,
    check: (value, where, key, checked) => checkFields(value, `${where}.${key}`, checked),
    write,
    encode: (value, target, offset) => {
      const into = target ?? new Uint8Array(size);
      const start = placeOf(name, size, into, offset);
      const checked: unknown[] = [];
      checkFields(value, name, checked);
      // From here on nothing of the caller runs: getters of the record ran while it was checked.
      scratch ??= makeScratch(size);
      write(scratch.writer, 0, checked, 0);
      for (const index of covered) into[start + index] = scratch.bytes[index] ?? 0;
      return into;
    },
    decode: (bytes, offset) => {
      const start = placeOf(name, size, bytes, offset);
      scratch ??= makeScratch(size);
      for (let index = 0; index < size; index += 1) {
        scratch.bytes[index] = bytes[start + index] ?? 0;
      }
      return read(scratch.reader, 0);
    },
  };
};
