import { bytesOf, encodeMessage, MESSAGE, readHeader, WIRE_ERRNO } from "@xenkit/xenstore-wire";
import type { Link, TransportPeer } from "../transport.ts";
import type { Device } from "./device.ts";

const READ_SIZE = 1 << 16;

/** Any request will do: its answer lets a read return. */
const NUDGE = encodeMessage({
  type: MESSAGE.getDomainPath,
  reqId: 0,
  txId: 0,
  payload: bytesOf("0\0"),
});

/**
 * The kernel's Xenstore device as a link.
 *
 * The kernel takes one message per write. What it refuses itself (a WATCH that is set already) it says by the write's
 * errno instead of an ERROR reply: that becomes one here. A read blocks until there is something, even when the device is
 * closed meanwhile: closing asks something first, so that the answer ends the read.
 */
export class XenbusLink implements Link {
  readonly #peer: TransportPeer;
  #device: Device | undefined;
  #closed = false;

  constructor(device: Promise<Device>, peer: TransportPeer) {
    this.#peer = peer;
    void this.#run(device);
  }

  send(bytes: Uint8Array): boolean {
    void this.#write(bytes);
    return false;
  }

  close(): void {
    this.#closed = true;
    // It fails only when the device is gone, and then the read ends as well.
    this.#device?.write(NUDGE).catch(() => {});
  }

  async #run(opening: Promise<Device>): Promise<void> {
    try {
      const device = await opening;
      try {
        await this.#read(device);
      } finally {
        await device.close();
      }
    } catch (error) {
      this.#end(error);
    }
  }

  async #read(device: Device): Promise<void> {
    if (this.#closed) return;
    this.#device = device;
    this.#peer.opened();
    const buffer = new Uint8Array(READ_SIZE);
    while (!this.#closed) {
      const length = await device.read(buffer);
      if (length === 0) throw new Error("the device has ended");
      if (!this.#closed) this.#peer.received(buffer.subarray(0, length));
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#device?.write(bytes);
    } catch (error) {
      const name = errnoName(error);
      if (!Object.hasOwn(WIRE_ERRNO, name)) {
        this.#end(error);
        return;
      }
      if (this.#closed) return;
      const { reqId, txId } = readHeader(bytes);
      const payload = bytesOf(`${name}\0`);
      this.#peer.received(encodeMessage({ type: MESSAGE.error, reqId, txId, payload }));
    }
    if (!this.#closed) this.#peer.writable();
  }

  #end(cause: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer.closed(cause);
  }
}

const errnoName = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";
