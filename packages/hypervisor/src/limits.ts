import { HypervisorError } from "./hypervisor-error.ts";

/** How much of everything there may be. Integers ≥ 1; where no default is given, it is the most there can be. */
export interface Limits {
  /**
   * Domains at the same time, dom0 and zombies included. At most 32,752, the number of domids. Past
   * it: ENOMEM.
   */
  readonly domains: number;
  /** The highest event channel port that any domain can have. At most 131,071. Past it: ENOSPC. */
  readonly eventPorts: number;
  /** vCPUs of one domain. At most 8,192; default 512. Past it: EINVAL. */
  readonly vcpus: number;
  /** Pages of one guest that the emulator really keeps. At most 2^20; default 4,096. Past it: ENOMEM. */
  readonly guestPages: number;
  /** Grant table frames of one guest, 512 grants each. At most 1,024; default 64. */
  readonly grantFrames: number;
  /** Foreign pages that one domain may have mapped. At most 2^20; default 131,072. Past it: ENOSPC. */
  readonly mappings: number;
}

const MOST: Limits = {
  domains: 0x7ff0,
  eventPorts: 131_071,
  vcpus: 8_192,
  guestPages: 1_048_576,
  grantFrames: 1_024,
  mappings: 1_048_576,
};

/** How much there may be when nothing is said. */
export const DEFAULT_LIMITS: Limits = {
  ...MOST,
  vcpus: 512,
  guestPages: 4_096,
  grantFrames: 64,
  mappings: 131_072,
};

/**
 * @throws HypervisorError "bad-option" for a limit that is not an integer from 1 to the most there
 * can be.
 */
export const checkedLimits = (wanted: Partial<Limits>): Limits => {
  const limits: Limits = { ...DEFAULT_LIMITS, ...wanted };
  for (const [name, most] of Object.entries(MOST) as [keyof Limits, number][]) {
    const limit = limits[name];
    if (!Number.isInteger(limit) || limit < 1 || limit > most) {
      throw new HypervisorError("bad-option", {
        option: `limits.${name}`,
        reason: `${limit} is not an integer from 1 to ${most}`,
      });
    }
  }
  return limits;
};
