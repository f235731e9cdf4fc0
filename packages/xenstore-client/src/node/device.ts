/** A character device, opened. */
export interface Device {
  /** Settles with the number of bytes read, at least 1; 0 at the end. May block for ever. */
  read(buffer: Uint8Array): Promise<number>;
  /** Writes all of one message in one call. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
