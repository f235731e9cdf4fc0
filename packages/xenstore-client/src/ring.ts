export { type GuestEvents, type GuestRingOptions, guestRing } from "./guest-ring.ts";
export { type RingOptions, ring } from "./ring-link.ts";
export { pageMemory, type RingMemory } from "./ring-memory.ts";
