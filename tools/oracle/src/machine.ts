import { closeSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RING_PAGE } from "@xenkit/xenstore-wire";
import { OracleError } from "./oracle-error.ts";

/** Domids from here on name no domain. */
const FIRST_RESERVED = 0x7ff0;
const ENTRY = 16;

/** One entry of the table that the daemon sees. */
export interface MachineEntry {
  /** Bits as in the `get_domain_state` hypercall: 1 exists, 2 shut down, 4 dying, 8 dead. */
  readonly state: number;
  /** Bits as in the `get_domain_state` hypercall: 1 control, 2 hardware, 4 Xenstore. */
  readonly caps: number;
  /** The only port of this domain that the daemon can bind. Not 0. */
  readonly port: number;
  readonly uniqueId: bigint;
}

/** The files that daemon and starter share: `struct machine` of `shim/oracle.h`, and the ring pages. */
export class Machine {
  readonly #directory: string;
  readonly #table: number;
  #limit = 0;

  /** @param directory - Absolute; exists. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#table = openSync(join(directory, "machine"), "w");
    ftruncateSync(this.#table, ENTRY + ENTRY * FIRST_RESERVED);
  }

  /** @throws OracleError `bad-domid`. */
  write(domid: number, { state, caps, port, uniqueId }: MachineEntry): void {
    checkDomid(domid);
    const bytes = Buffer.alloc(ENTRY);
    bytes.writeUInt16LE(state, 0);
    bytes.writeUInt16LE(caps, 2);
    bytes.writeUInt32LE(port, 4);
    bytes.writeBigUInt64LE(uniqueId, 8);
    writeSync(this.#table, bytes, 0, ENTRY, ENTRY + ENTRY * domid);
    this.#raiseLimit(domid + 1);
  }

  /** The domain is gone from now on. */
  clear(domid: number): void {
    writeSync(this.#table, new Uint8Array(ENTRY), 0, ENTRY, ENTRY + ENTRY * domid);
    rmSync(this.pageFile(domid), { force: true });
  }

  /** A page of zeros. An earlier domain's page lives on for those who have it mapped. */
  createPage(domid: number): void {
    rmSync(this.pageFile(domid), { force: true });
    writeFileSync(this.pageFile(domid), new Uint8Array(RING_PAGE.size), { flag: "wx" });
  }

  pageFile(domid: number): string {
    return join(this.#directory, `${checkDomid(domid)}.page`);
  }

  close(): void {
    closeSync(this.#table);
  }

  #raiseLimit(limit: number): void {
    if (limit <= this.#limit) return;
    this.#limit = limit;
    writeSync(this.#table, Uint32Array.of(limit), 0, 4, 0);
  }
}

const checkDomid = (domid: number): number => {
  if (Number.isInteger(domid) && domid >= 0 && domid < FIRST_RESERVED) return domid;
  throw new OracleError("bad-domid", `bad-domid: ${domid} is not in 0..${FIRST_RESERVED - 1}`, {
    domid,
  });
};
