import { DOMID, ERRNO, SCHEDOP, schedRemoteShutdown, schedShutdown } from "@xenkit/abi";
import { readU16, readU32 } from "./bytes.ts";
import type { Domain } from "./domain.ts";
import { shutdownDomain } from "./lifecycle.ts";
import type { Machine } from "./machine.ts";

/** The hypervisor keeps one byte of the reason. */
const REASON_MASK = 0xff;

/**
 * sched_op: `cmd` in a register, its struct in the buffer. `shutdown` is a domain's own end,
 * `remote_shutdown` that of another. `yield` and `block` are there for guests that call them in a
 * loop. The rest is ENOSYS.
 */
export const schedOp = (
  machine: Machine,
  caller: Domain,
  cmd: number,
  bytes: Uint8Array | undefined,
): number => {
  switch (cmd) {
    case SCHEDOP.yield:
    case SCHEDOP.block:
      return 0;
    case SCHEDOP.shutdown:
      if (bytes === undefined || bytes.length < schedShutdown.size) return -ERRNO.EFAULT;
      return shutdownDomain(machine, caller, readU32(bytes, 0) & REASON_MASK);
    case SCHEDOP.remoteShutdown:
      if (bytes === undefined || bytes.length < schedRemoteShutdown.size) return -ERRNO.EFAULT;
      return remoteShutdown(machine, caller, readU16(bytes, 0), readU32(bytes, 4) & REASON_MASK);
    default:
      return -ERRNO.ENOSYS;
  }
};

const remoteShutdown = (
  machine: Machine,
  caller: Domain,
  domid: number,
  reason: number,
): number => {
  const domain = machine.table.find(domid);
  if (domain === undefined) return domid === DOMID.self ? -ERRNO.EPERM : -ERRNO.ESRCH;
  if (domain === caller || !machine.policy(caller, "remote_shutdown", domain)) return -ERRNO.EPERM;
  return shutdownDomain(machine, domain, reason);
};
