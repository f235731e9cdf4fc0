export { available } from "./available.ts";
export type { DaemonKind } from "./daemon-command.ts";
export type { Guest } from "./guest.ts";
export type { GuestPage } from "./guest-page.ts";
export type { Domain, DomainFlags, DomainOptions, Hypervisor } from "./hypervisor.ts";
export {
  isOracleError,
  OracleError,
  type OracleErrorCode,
  type OracleErrorDetails,
} from "./oracle-error.ts";
export { type Exchange, exchange, type Peer } from "./peer.ts";
export { type ProcessTimes, processTimes } from "./process-times.ts";
export { connectSocket, type SocketConnection } from "./socket-connection.ts";
export { type Daemon, type DaemonOptions, startDaemon } from "./start-daemon.ts";
