import { ERRNO, HYPERVISOR } from "@xenkit/abi";
import type { Domain } from "./domain.ts";
import { domctl } from "./domctl.ts";
import { eventChannelOp } from "./event-channel-op.ts";
import { grantTableOp } from "./grant-table-op.ts";
import type { Machine } from "./machine.ts";
import { schedOp } from "./sched-op.ts";
import { xenVersion } from "./xen-version.ts";

/** The hot one, kept in this module and looked at first. */
const DOMCTL_CALL: number = HYPERVISOR.domctl;

/** The table of hypercalls. Those that are not here are ENOSYS. */
export const dispatch = (
  machine: Machine,
  caller: Domain,
  op: number,
  buffer: Uint8Array | undefined,
  cmd: number,
): number =>
  op === DOMCTL_CALL
    ? domctl(machine, caller, buffer)
    : dispatchByCommand(machine, caller, op, buffer, cmd);

const dispatchByCommand: typeof dispatch = (machine, caller, op, buffer, cmd) => {
  switch (op) {
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
