import type { Hypervisor, StepName } from "@xenkit/hypervisor";

/** Makes a hypercall of dom0 step by step; before each step, other CPUs may act. */
export const byStep = (
  host: Hypervisor,
  op: number,
  buffer: Uint8Array,
  before: (step: StepName) => void,
): number => {
  const call = host.begin(0, op, buffer);
  for (let step = call.next; step !== undefined; step = call.next) {
    before(step);
    call.step();
  }
  return call.result;
};
