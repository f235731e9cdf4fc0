/**
 * The errors of the wire with Linux's numbers, in the order of the protocol's table.
 *
 * An ERROR message carries the name and one NUL, never the number. Source: Xen 4.22, `public/io/xs_wire.h`.
 */
export const WIRE_ERRNO = {
  EINVAL: 22,
  EACCES: 13,
  EEXIST: 17,
  EISDIR: 21,
  ENOENT: 2,
  ENOMEM: 12,
  ENOSPC: 28,
  EIO: 5,
  ENOTEMPTY: 39,
  ENOSYS: 38,
  EROFS: 30,
  EBUSY: 16,
  EAGAIN: 11,
  EISCONN: 106,
  E2BIG: 7,
  EPERM: 1,
} as const;

/** An error as the protocol sends it: the name of an errno. */
export type WireErrorName = keyof typeof WIRE_ERRNO;

/**
 * The number of an error's name. A daemon may send names that this table lacks (OCaml's: `EQUOTA`): EINVAL, as
 * libxenstore and Linux have it.
 */
export const wireErrno = (name: string): number =>
  Object.hasOwn(WIRE_ERRNO, name) ? WIRE_ERRNO[name as WireErrorName] : WIRE_ERRNO.EINVAL;
