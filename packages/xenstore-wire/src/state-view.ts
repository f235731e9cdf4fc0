import { binary } from "./binary.ts";
import { STATE_ALIGNMENT, type StateByteOrder } from "./state-record.ts";
import { WireError } from "./wire-error.ts";

/** Up to the next multiple of 8. */
export const aligned = (size: number): number =>
  Math.ceil(size / STATE_ALIGNMENT) * STATE_ALIGNMENT;

/** What a view is of. */
export interface StateViewOptions {
  /** Where in the stream the record begins; for errors. */
  readonly from: number;
  /** Its name; for errors. */
  readonly record: string;
  readonly byteOrder: StateByteOrder;
}

/**
 * Reads the fields of a record one after the other. Nothing is read beyond its end.
 *
 * All but the constructor throw WireError `bad-state` when the record ends too early.
 */
export class StateView {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: StateViewOptions;
  readonly #little: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, options: StateViewOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.#little = options.byteOrder === "little";
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.#little);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.#little);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.#little);
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A binary string of `length` bytes, its NUL included: the last and only one. */
  text(length: number): string {
    const bytes = this.bytes(length);
    if (length === 0 || bytes.indexOf(0) !== length - 1) {
      throw this.broken(`a string of ${length} bytes has its NUL at ${bytes.indexOf(0)}`);
    }
    return binary(bytes, 0, length - 1);
  }

  /** A binary string up to the next NUL, which is passed over. */
  textToNul(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw this.broken("a string without its NUL");
    return this.text(end + 1 - this.#at);
  }

  /** Goes on at the next multiple of 8. */
  align(): void {
    this.#take(aligned(this.#at) - this.#at);
  }

  broken(reason: string): WireError<"bad-state"> {
    const { record, from } = this.#options;
    const message = `bad-state: ${record} at ${from}: ${reason}`;
    return new WireError("bad-state", message, { record, offset: from });
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) {
      throw this.broken(`ends after ${this.#bytes.length} bytes, ${start + length} are needed`);
    }
    this.#at = start + length;
    return start;
  }
}
