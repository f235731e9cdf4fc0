import { domainPath } from "@xenkit/xenstore-wire";
import type { StoreSession } from "./store-session.ts";

/** What a guest's home is written from. */
export interface GuestHome {
  readonly domid: number;
  readonly name: string;
  /** The guest's event channel port to the Xenstore daemon. */
  readonly port: number;
  readonly vcpus: number;
}

/** Grant reference of the page that guest and Xenstore daemon share. */
export const XENSTORE_GRANT = 1;

/** What the guest may read. */
const READABLE = ["control", "device", "memory", "cpu", "store"] as const;
/** What belongs to the guest, below its home. */
const OWN = [
  "control/shutdown",
  "control/feature-poweroff",
  "control/feature-reboot",
  "control/feature-suspend",
  "device/suspend/event-channel",
  "data",
  "drivers",
  "feature",
  "attr",
  "error",
] as const;

/**
 * Writes the home of a guest, all at once, as Xen's own toolstack lays it out: the home is dom0's and the guest may
 * read it; some nodes below are the guest's.
 */
export const writeGuestHome = (
  store: StoreSession,
  { domid, name, port, vcpus }: GuestHome,
): void => {
  const home = domainPath(domid);
  store.transaction((inside) => {
    // What an earlier domain with this domid has left.
    inside.remove(home);
    inside.write(home, "");
    inside.setPerms(home, ["n0", `r${domid}`]);
    inside.write(`${home}/name`, name);
    inside.write(`${home}/domid`, String(domid));
    // Children inherit the permissions of the home.
    for (const path of READABLE) inside.write(`${home}/${path}`, "");
    for (let vcpu = 0; vcpu < vcpus; vcpu += 1) {
      inside.write(`${home}/cpu/${vcpu}/availability`, "online");
    }
    inside.write(`${home}/store/port`, String(port));
    inside.write(`${home}/store/ring-ref`, String(XENSTORE_GRANT));
    for (const path of OWN) {
      inside.write(`${home}/${path}`, "");
      inside.setPerms(`${home}/${path}`, [`n${domid}`]);
    }
  });
};

/** dom0 has a home, too: it is where tools read its name. */
export const writeDom0Home = (store: StoreSession): void => {
  store.write(`${domainPath(0)}/name`, "Domain-0");
  store.write(`${domainPath(0)}/domid`, "0");
};
