/** The part of fastbitset that the benches use; it comes without types. */
declare module "fastbitset" {
  class FastBitSet implements Iterable<number> {
    add(index: number): void;
    remove(index: number): void;
    has(index: number): boolean;
    clear(): void;
    resize(index: number): void;
    size(): number;
    array(): number[];
    [Symbol.iterator](): Iterator<number>;
  }
  export = FastBitSet;
}
