import { AtomicBitmap, Bitmap, type BitSet } from "@xenkit/bitmap";

/** A class of bitmaps, and its ways to make one. */
export interface Kind {
  readonly name: string;
  readonly make: (size: number) => BitSet;
  readonly fromBytes: (size: number, bytes: Uint8Array) => BitSet;
}

/** Both: what is asked of one is asked of the other. */
export const KINDS: readonly Kind[] = [
  { name: "Bitmap", make: (size) => new Bitmap(size), fromBytes: Bitmap.fromBytes },
  {
    name: "AtomicBitmap",
    make: (size) => new AtomicBitmap(size),
    fromBytes: AtomicBitmap.fromBytes,
  },
];
