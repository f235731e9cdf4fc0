export { emulatedRings } from "./emulated-rings.ts";
export { Guest, type GuestRing } from "./guest.ts";
export type { HostChangeListener } from "./guest-names.ts";
export { createHost, type Host, type HostDomain, type HostStore } from "./host.ts";
export { HostError, type HostErrorCode, type HostErrorDetails, isHostError } from "./host-error.ts";
export type { GuestOptions, HostOptions } from "./host-options.ts";
export type { StoreLink, StoreLinkListener } from "./store-link.ts";
export type { StoreSession } from "./store-session.ts";
