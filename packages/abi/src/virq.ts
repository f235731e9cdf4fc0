/**
 * Virtual interrupts. Numbers 5, 14 and 15 have no name.
 *
 * Source: Xen's public `xen.h`.
 */
export const VIRQ = {
  timer: 0,
  debug: 1,
  console: 2,
  /** A domain was shut down, died or went away: the reason to ask get_domain_state. */
  domExc: 3,
  tbuf: 4,
  debugger: 6,
  xenoprof: 7,
  conRing: 8,
  pcpuState: 9,
  memEvent: 10,
  argo: 11,
  enomem: 12,
  xenpmu: 13,
  /** The first of eight for the architecture: 16 … 23. */
  arch0: 16,
} as const;

/** How many VIRQ numbers there are; the first that is refused. */
export const NR_VIRQS = 24;

/**
 * Whom a VIRQ belongs to.
 *
 * `per-vcpu`: each vCPU binds its own. `per-domain`: each domain binds its own, on vCPU 0.
 * `global`: one domain in the host handles it, on vCPU 0.
 */
export type VirqClass = "per-vcpu" | "per-domain" | "global";

const perVcpu: readonly number[] = [VIRQ.timer, VIRQ.debug, VIRQ.xenoprof, VIRQ.xenpmu];

/**
 * The class of a VIRQ number.
 *
 * Numbers without a name are global.
 *
 * @returns Undefined when it is not a VIRQ number: an integer, 0 … {@link NR_VIRQS} − 1.
 */
export const virqClass = (virq: number): VirqClass | undefined => {
  if (!Number.isInteger(virq) || virq < 0 || virq >= NR_VIRQS) return undefined;
  if (perVcpu.includes(virq)) return "per-vcpu";
  return virq === VIRQ.argo ? "per-domain" : "global";
};
