import { getU32, HEADER_SIZE, PAYLOAD_MAX, tooLong } from "./header.ts";

const NOTHING = new Uint8Array(0);

/**
 * Cuts a byte stream into messages: a state machine that is fed with chunks, split anywhere.
 *
 * {@link push} gives it a chunk, {@link next} steps to the next whole message, whose fields then stand in
 * {@link type}, {@link reqId}, {@link txId} and {@link payload}. Between chunks it keeps at most one message that has
 * begun: 4112 bytes by default, whatever the other side announces. Nothing is copied but a message that is split.
 *
 * @example
 * import { encodeMessage, FrameReader, MESSAGE } from "@xenkit/xenstore-wire";
 *
 * const reader = new FrameReader();
 * reader.push(encodeMessage({ type: MESSAGE.read, reqId: 1, txId: 0, payload: new Uint8Array(1) }));
 * while (reader.next()) console.log(reader.type, reader.payload);
 */
export class FrameReader {
  type = 0;
  reqId = 0;
  txId = 0;
  /** A view into the chunk: valid until the next call of {@link next} or {@link push}. */
  payload: Uint8Array = NOTHING;

  #chunk: Uint8Array = NOTHING;
  #at = 0;
  /** The beginning of a message that was split; made when first needed. */
  #partial: Uint8Array = NOTHING;
  #held = 0;
  readonly #payloadMax: number;

  /**
   * @param payloadMax - The longest payload that is let pass, in bytes. More than the protocol's 4096 only for a client
   * of OCaml's daemon, which sends domain 0 lists that are longer.
   */
  constructor(payloadMax: number = PAYLOAD_MAX) {
    this.#payloadMax = payloadMax;
  }

  /** Bytes that were pushed and belong to no message that {@link next} has shown. */
  get pending(): number {
    return this.#held + this.#chunk.length - this.#at;
  }

  /**
   * Takes the next bytes of the stream. They are not copied: the caller must not change them before {@link next} has
   * returned false. What an earlier chunk still holds stays in front of them.
   */
  push(chunk: Uint8Array): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
    } else {
      const rest = this.#chunk.subarray(this.#at);
      const joined = new Uint8Array(rest.length + chunk.length);
      joined.set(rest);
      joined.set(chunk, rest.length);
      this.#chunk = joined;
    }
    this.#at = 0;
  }

  /**
   * Steps to the next message.
   *
   * @returns Whether there is a whole one. If not, what has begun is kept and the chunk is let go.
   * @throws WireError `payload-too-long` as soon as a header announces more than is let pass. The stream is lost then:
   * every later call throws the same.
   */
  next(): boolean {
    if (this.#held > 0) return this.#nextOfSplit();
    const chunk = this.#chunk;
    const at = this.#at;
    const available = chunk.length - at;
    if (available < HEADER_SIZE) return this.#keep();
    const length = getU32(chunk, at + 12);
    if (length > this.#payloadMax) throw tooLong(length, this.#payloadMax);
    if (available < HEADER_SIZE + length) return this.#keep();
    this.#show(chunk, at, length);
    this.#at = at + HEADER_SIZE + length;
    return true;
  }

  /**
   * Lets go of what no message was taken from yet, so that it can be pushed again later. Of a message that has begun in
   * an earlier chunk, that part is kept.
   *
   * @returns How many bytes at the end of the last chunk these are.
   */
  unread(): number {
    const count = this.#chunk.length - this.#at;
    this.#release();
    return count;
  }

  /** Forgets everything: the other side begins anew. */
  reset(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#held = 0;
    this.payload = NOTHING;
  }

  #nextOfSplit(): boolean {
    const partial = this.#partial;
    if (!this.#fill(HEADER_SIZE)) return false;
    const length = getU32(partial, 12);
    if (length > this.#payloadMax) throw tooLong(length, this.#payloadMax);
    if (!this.#fill(HEADER_SIZE + length)) return false;
    this.#held = 0;
    this.#show(partial, 0, length);
    return true;
  }

  /** Moves bytes from the chunk until `wanted` are held; tells whether they are. */
  #fill(wanted: number): boolean {
    const take = Math.min(wanted - this.#held, this.#chunk.length - this.#at);
    if (take > 0) {
      this.#partial.set(this.#chunk.subarray(this.#at, this.#at + take), this.#held);
      this.#at += take;
      this.#held += take;
    }
    if (this.#at === this.#chunk.length) this.#release();
    return this.#held >= wanted;
  }

  #keep(): false {
    const rest = this.#chunk.length - this.#at;
    if (rest > 0) {
      if (this.#partial.length === 0)
        this.#partial = new Uint8Array(HEADER_SIZE + this.#payloadMax);
      this.#fill(rest);
    } else {
      this.#release();
    }
    return false;
  }

  #release(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  #show(bytes: Uint8Array, at: number, length: number): void {
    this.type = getU32(bytes, at);
    this.reqId = getU32(bytes, at + 4);
    this.txId = getU32(bytes, at + 8);
    this.payload = bytes.subarray(at + HEADER_SIZE, at + HEADER_SIZE + length);
  }
}
