import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { RING_PAGE } from "@xenkit/xenstore-wire";
import { OracleError } from "./oracle-error.ts";

/**
 * A guest's ring page, as the guest sees it: 4096 bytes at the offsets of `RING_PAGE`, shared with the daemon.
 *
 * The daemon has the file mapped; here it is read and written. Both are the same memory under Linux, and what was
 * written first is seen first.
 */
export class GuestPage {
  readonly #fd: number;
  readonly #word = Buffer.alloc(4);
  #closed = false;

  constructor(file: string) {
    this.#fd = openSync(file, "r+");
  }

  /** A copy of `length` bytes at `offset`. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#check(offset, length);
    readSync(this.#fd, bytes, 0, length, offset);
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#check(offset, bytes.length);
    writeSync(this.#fd, bytes, 0, bytes.length, offset);
  }

  /** A field of the page: little-endian, like all of Xen's. */
  readUint32(offset: number): number {
    this.#check(offset, 4);
    readSync(this.#fd, this.#word, 0, 4, offset);
    return this.#word.readUInt32LE(0);
  }

  /** @param value - Any integer; its low 32 bits are written. */
  writeUint32(offset: number, value: number): void {
    this.#check(offset, 4);
    this.#word.writeUInt32LE(value >>> 0, 0);
    writeSync(this.#fd, this.#word, 0, 4, offset);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** A descriptor that was closed may be another file's by now. */
  #check(offset: number, length: number): void {
    if (this.#closed) throw new OracleError("closed", "the page is closed", { what: "page" });
    if (offset >= 0 && length >= 0 && offset + length <= RING_PAGE.size) return;
    throw new OracleError("outside-page", `outside-page: ${length} bytes at ${offset}`, {
      offset,
      length,
    });
  }
}
