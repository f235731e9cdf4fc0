import {
  createHypervisor,
  type Hypervisor,
  type HypervisorOptions,
  type StepName,
} from "@xenkit/hypervisor";
import { DomainTracker, type Hypercall, openXenmanage, type Xenmanage } from "@xenkit/xenmanage";
import { byStep } from "./by-step.ts";
import { line } from "./setup.ts";

export interface Emulated {
  readonly host: Hypervisor;
  readonly manage: Xenmanage;
  readonly tracker: DomainTracker;
  readonly told: string[];
  readonly errors: unknown[];
  /** How many hypercalls the tracker made. */
  readonly calls: { count: number };
}

/** A tracker in dom0 of an emulated host. `onStep`: what other CPUs do before a step of its hypercalls. */
export const emulated = (
  options: HypervisorOptions & { readonly onStep?: (step: StepName) => void } = {},
): Emulated => {
  const { onStep } = options;
  const host = createHypervisor(options);
  const calls = { count: 0 };
  const hypercall: Hypercall = (op, buffer) => {
    calls.count += 1;
    return onStep ? byStep(host, op, buffer, onStep) : host.hypercall(0, op, buffer);
  };
  const manage = openXenmanage({ hypercall });
  const errors: unknown[] = [];
  const told: string[] = [];
  const tracker = new DomainTracker({
    manage,
    events: host.eventChannels(0),
    onError: (error) => errors.push(error),
  });
  tracker.onChange((change) => told.push(line(change)));
  return { host, manage, tracker, told, errors, calls };
};
