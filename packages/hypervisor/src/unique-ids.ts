/**
 * How unique ids follow each other: `sequence` counts 1, 2, 3 …, as the design note has it;
 * `xorshift` is the pseudo-random walk of Xen.
 */
export type UniqueIdPolicy = "sequence" | "xorshift";

/**
 * The source of unique ids: 64 bits wide, kept as two signed 32-bit halves, so that creating a
 * domain and answering a query make no bigint. An id is never 0 and no id is handed out twice.
 */
export class UniqueIds {
  readonly policy: UniqueIdPolicy;
  /** The id handed out last; 0 before the first. */
  low = 0;
  high = 0;
  readonly #seed: () => bigint;
  readonly #first: bigint | undefined;

  /**
   * @param policy - How ids follow each other.
   * @param seed - Where `xorshift` starts: the id before the first. Asked once, when the first id
   *   is wanted.
   * @param first - The first id itself, for both policies: to continue a recorded chain. 1 ≤ first
   *   < 2^64.
   */
  constructor(policy: UniqueIdPolicy, seed: () => bigint, first?: bigint) {
    this.policy = policy;
    this.#seed = seed;
    this.#first = first;
  }

  /**
   * Moves `low` and `high` on to the next id. False, and nothing moved, when all 2^64 − 1 of the
   * sequence are used.
   */
  next(): boolean {
    if (this.low === 0 && this.high === 0) return this.#begin();
    if (this.policy === "xorshift") {
      this.#shift();
      return true;
    }
    if (this.low === -1 && this.high === -1) return false;
    this.#count();
    return true;
  }

  /** The same source, after this id; 0 when nothing was handed out yet. */
  after(last: { readonly low: number; readonly high: number }): UniqueIds {
    const ids = new UniqueIds(this.policy, this.#seed, this.#first);
    ids.low = last.low;
    ids.high = last.high;
    return ids;
  }

  #begin(): boolean {
    if (this.#first !== undefined) {
      this.#set(this.#first);
    } else if (this.policy === "sequence") {
      this.low = 1;
    } else {
      const seed = BigInt.asUintN(64, this.#seed());
      // 0 is the one value that the walk cannot leave.
      this.#set(seed === 0n ? 1n : seed);
      this.#shift();
    }
    return true;
  }

  #set(id: bigint): void {
    this.low = Number(BigInt.asIntN(32, id));
    this.high = Number(BigInt.asIntN(32, id >> 32n));
  }

  #count(): void {
    this.low = (this.low + 1) | 0;
    if (this.low === 0) this.high = (this.high + 1) | 0;
  }

  /**
   * x ^= x << 13; x ^= x >> 7; x ^= x << 17. A bijection of the numbers from 1 to 2^64 − 1: it
   * never reaches 0.
   */
  #shift(): void {
    let { low, high } = this;
    high ^= (high << 13) | (low >>> 19);
    low ^= low << 13;
    low ^= (low >>> 7) | (high << 25);
    high ^= high >>> 7;
    high ^= (high << 17) | (low >>> 15);
    low ^= low << 17;
    this.low = low;
    this.high = high;
  }
}
