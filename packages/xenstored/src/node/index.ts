export { serveUnix, type UnixServer } from "./serve-unix.ts";
