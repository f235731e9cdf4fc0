export { EXPECTATIONS, type Expectation } from "./deviations.ts";
export { ManualClock } from "./manual-clock.ts";
export {
  parseStoreRecording,
  type Scenario,
  StoreRecordingError,
} from "./parse-store-recording.ts";
export type {
  DaemonSetup,
  MakeDaemon,
  PlayedClock,
  PlayedConnection,
  PlayedDaemon,
  PlayedRings,
} from "./played-daemon.ts";
export { RecordedXen } from "./recorded-xen.ts";
export { type Limits, replayScenario } from "./replay-scenario.ts";
export { RingClient, type RingClientOptions } from "./ring-client.ts";
export {
  renderSummary,
  replayStoreRecording,
  type StoreReplaySummary,
} from "./summary.ts";
