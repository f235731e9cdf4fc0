/**
 * Makes one hypercall for one caller: the whole outside world of this package.
 *
 * @param op - A hypercall number, `HYPERVISOR.domctl` for everything here.
 * @param buffer - The argument, read and written in place.
 * @returns 0 or a negated errno.
 */
export type Hypercall = (op: number, buffer: Uint8Array) => number;
