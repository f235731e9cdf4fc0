export { serveUnix, type UnixServer } from "./serve-unix.ts";
export { systemClock } from "./system-clock.ts";
