import type { Hypervisor } from "@xenkit/hypervisor";
import type { StoreDaemon } from "@xenkit/xenstored";
import type { History } from "./history.ts";
import type { Random } from "./random.ts";
import type { Session } from "./session.ts";
import type { StoreModel } from "./store-model.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What all parts of a simulated host share. */
export interface World {
  readonly random: Random;
  readonly history: History;
  readonly clock: VirtualClock;
  readonly host: Hypervisor;
  /** Of the daemon that runs now. */
  readonly daemon: StoreDaemon;
  readonly model: StoreModel;
  /** Counts steps that may enter the daemon. */
  readonly entry: number;
  /** Whose requests the daemon looks at now. */
  speaker: Session | undefined;
  /** How many commits the daemon had repeated when it answered last. */
  spared: number;
  /** Looks at who is there: to be called after whatever may link or unlink a domain. */
  observe(): void;
}
