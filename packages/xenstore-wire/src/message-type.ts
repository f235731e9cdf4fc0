/**
 * The message types.
 *
 * 20 was RESTRICT and stays free. 23 and 24 exist since Xen 4.21, 25 and 26 since 4.22; 0xffff will never be one.
 * Source: Xen 4.22, `public/io/xs_wire.h`.
 */
export const MESSAGE = {
  control: 0,
  directory: 1,
  read: 2,
  getPerms: 3,
  watch: 4,
  unwatch: 5,
  transactionStart: 6,
  transactionEnd: 7,
  introduce: 8,
  release: 9,
  getDomainPath: 10,
  write: 11,
  mkdir: 12,
  rm: 13,
  setPerms: 14,
  watchEvent: 15,
  error: 16,
  isDomainIntroduced: 17,
  resume: 18,
  setTarget: 19,
  resetWatches: 21,
  directoryPart: 22,
  getFeature: 23,
  setFeature: 24,
  getQuota: 25,
  setQuota: 26,
} as const;

/** The number of a type that is defined. On the wire any u32 may stand there. */
export type MessageType = (typeof MESSAGE)[keyof typeof MESSAGE];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(MESSAGE).map(([name, type]) => [type, upperSnake(name)]),
);

/** The protocol's name of a type (`"TRANSACTION_START"`); undefined when there is none. */
export const messageTypeName = (type: number): string | undefined => NAMES.get(type);

function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, "_$&").toUpperCase();
}
