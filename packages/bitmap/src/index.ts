export { AtomicBitmap } from "./atomic-bitmap.ts";
export type { AtomicMemory } from "./atomic-memory.ts";
export type { BitSet } from "./bit-set.ts";
export { Bitmap } from "./bitmap.ts";
export { BitmapError, type BitmapErrorCode, isBitmapError } from "./bitmap-error.ts";
export { MAX_SIZE } from "./checks.ts";
