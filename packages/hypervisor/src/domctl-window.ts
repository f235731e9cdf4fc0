import { DOMCTL_SIZE } from "@xenkit/abi";

/** The header and the answer of get_domain_state: nothing else is looked at as words. */
const WORDS = 8;

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * The beginning of a caller's domctl buffer as words, little endian: a word at a time costs a
 * quarter of a byte at a time. Callers use one buffer again and again, so the window over the last
 * one is kept; it keeps that buffer alive.
 *
 * A buffer that does not start at a multiple of 4, or a big-endian machine, gets a copy in and a
 * copy out.
 */
export class DomctlWindow {
  #bytes: Uint8Array | undefined = undefined;
  #words: Int32Array = new Int32Array(WORDS);

  /** @param bytes - At least 144 bytes. */
  over(bytes: Uint8Array): Int32Array {
    if (bytes === this.#bytes) return this.#words;
    if (!LITTLE_ENDIAN || bytes.byteOffset % 4 !== 0) return copyOf(bytes);
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, WORDS);
    this.#bytes = bytes;
    return this.#words;
  }

  /** Copies the words back, if they are a copy. */
  finish(bytes: Uint8Array, words: Int32Array): void {
    // A window that another call has replaced meanwhile is copied onto itself: no harm.
    if (words === this.#words) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, DOMCTL_SIZE);
    words.forEach((word, at) => {
      view.setInt32(4 * at, word, true);
    });
  }
}

const copyOf = (bytes: Uint8Array): Int32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, DOMCTL_SIZE);
  return Int32Array.from({ length: WORDS }, (_, at) => view.getInt32(4 * at, true));
};
