import { writeBinary } from "./binary.ts";
import { STATE_ALIGNMENT, STATE_RECORD_HEAD, type StateByteOrder } from "./state-record.ts";
import { aligned } from "./state-view.ts";
import { WireError } from "./wire-error.ts";

const FIRST_SIZE = 4096;

/** Appends fields and records to a buffer that grows. */
export class StateBuilder {
  #bytes = new Uint8Array(FIRST_SIZE);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;
  #record = "header";
  #start = 0;
  readonly #little: boolean;

  constructor(byteOrder: StateByteOrder) {
    this.#little = byteOrder === "little";
  }

  /** What was built: a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  /** Appends a record: what `body` appends, its length in front, padding behind. */
  record(name: string, type: number, body: () => void): void {
    this.#record = name;
    this.#start = this.#end;
    this.u32("type", type);
    this.u32("length", 0);
    body();
    this.align();
    const length = this.#end - this.#start - STATE_RECORD_HEAD;
    this.#view.setUint32(this.#start + 4, length, this.#little);
  }

  u8(field: string, value: number): void {
    const at = this.#room(1, field, value, 0xff);
    this.#view.setUint8(at, value);
  }

  u16(field: string, value: number): void {
    const at = this.#room(2, field, value, 0xffff);
    this.#view.setUint16(at, value, this.#little);
  }

  u32(field: string, value: number): void {
    const at = this.#room(4, field, value, 0xffff_ffff);
    this.#view.setUint32(at, value, this.#little);
  }

  i32(field: string, value: number): void {
    if (value !== (value | 0)) throw this.#outOfRange(field, value, 0x7fff_ffff);
    this.u32(field, value >>> 0);
  }

  u64(field: string, value: bigint): void {
    if (value !== BigInt.asUintN(64, value)) throw this.#outOfRange(field, Number(value), 2 ** 64);
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, this.#little);
  }

  append(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A binary string and a NUL. */
  text(field: string, text: string): void {
    if (text.includes("\0")) throw this.broken(`${field} has a NUL in it`);
    const at = this.#grow(text.length + 1);
    writeBinary(text, this.#bytes, at);
  }

  /** Zeros up to the next multiple of 8. */
  align(): void {
    this.#grow((STATE_ALIGNMENT - (this.#end % STATE_ALIGNMENT)) % STATE_ALIGNMENT);
  }

  broken(reason: string): WireError<"bad-state"> {
    const message = `bad-state: ${this.#record} at ${this.#start}: ${reason}`;
    return new WireError("bad-state", message, { record: this.#record, offset: this.#start });
  }

  #outOfRange(name: string, value: number, max: number): WireError<"out-of-range"> {
    const field = `${this.#record}.${name}`;
    const message = `${field}: out-of-range (${value}; ${max} at most)`;
    return new WireError("out-of-range", message, { field, value, max });
  }

  #room(size: number, field: string, value: number, max: number): number {
    if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
      throw this.#outOfRange(field, value, max);
    }
    return this.#grow(size);
  }

  /** Makes room, and returns where it begins. New bytes are 0. */
  #grow(size: number): number {
    const start = this.#end;
    this.#end += size;
    if (this.#end > this.#bytes.length) {
      const bytes = new Uint8Array(aligned(this.#end * 2));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    return start;
  }
}
