import { serveUnix, type UnixServer } from "@xenkit/xenstored/node";
import type { Host } from "../host.ts";

/**
 * Serves the host's Xenstore on a unix socket, mode 0600, until disposed. Clients act for dom0.
 *
 * A socket that nobody serves any more is replaced.
 *
 * @throws XenstoredError in-use, not-a-socket, path-too-long, cannot-listen.
 */
export const listen = (host: Host, socketPath: string): Promise<UnixServer> =>
  serveUnix(host.store.daemon, socketPath);
