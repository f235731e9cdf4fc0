import { open } from "node:fs/promises";
import type { Transport } from "../transport.ts";
import type { Device } from "./device.ts";

import { XenbusLink } from "./xenbus-link.ts";

/**
 * The kernel's Xenstore device: what a guest, or dom0 without a daemon of its own, has.
 *
 * Its traits: one message per write, 4096 bytes with the header; WATCH and UNWATCH are answered with req_id 0; the
 * kernel's own watches hang on the same connection, so `resetWatches()` is `unsupported`. An open client occupies one
 * thread of libuv's pool.
 *
 * @param path - Default `/dev/xen/xenbus`.
 */
export const xenbus = (path = "/dev/xen/xenbus"): Transport =>
  overDevice(`xenbus:${path}`, () => openDevice(path));

/** @internal The same over any device that behaves like it. */
export const overDevice = (name: string, openIt: () => Promise<Device>): Transport => ({
  name,
  traits: {
    oneMessagePerSend: true,
    messageMax: 4096,
    shared: true,
    soon: (callback) => process.nextTick(callback),
  },
  open: (peer) => new XenbusLink(openIt(), peer),
});

const openDevice = async (path: string): Promise<Device> => {
  const file = await open(path, "r+");
  return {
    read: async (buffer) => (await file.read(buffer, 0, buffer.length, null)).bytesRead,
    write: async (bytes) => {
      await file.write(bytes, 0, bytes.length, null);
    },
    close: () => file.close(),
  };
};
