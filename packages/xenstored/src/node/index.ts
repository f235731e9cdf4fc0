export { type ServeOptions, serveUnix } from "./serve-unix.ts";
export { systemClock } from "./system-clock.ts";
export type { Engine, UnixServer } from "./unix-server.ts";
