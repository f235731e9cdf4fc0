import { ERRNO, HYPERVISOR } from "@xenkit/abi";
import type { Domain } from "./domain.ts";
import { domctl } from "./domctl.ts";
import { eventChannelOp } from "./event-channel-op.ts";
import { grantTableOp } from "./grant-table-op.ts";
import type { Machine } from "./machine.ts";
import { schedOp } from "./sched-op.ts";
import { xenVersion } from "./xen-version.ts";

/** The table of hypercalls. Those that are not here are ENOSYS. */
export const dispatch = (
  machine: Machine,
  caller: Domain,
  op: number,
  buffer: Uint8Array | undefined,
  cmd: number,
): number => {
  switch (op) {
    case HYPERVISOR.domctl:
      return domctl(machine, caller, buffer);
    case HYPERVISOR.eventChannelOp:
      return eventChannelOp(machine, caller, cmd, buffer);
    case HYPERVISOR.schedOp:
      return schedOp(machine, caller, cmd, buffer);
    case HYPERVISOR.grantTableOp:
      return grantTableOp(machine, caller, cmd, buffer);
    case HYPERVISOR.xenVersion:
      return xenVersion(machine, cmd);
    default:
      return -ERRNO.ENOSYS;
  }
};
