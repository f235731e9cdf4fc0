/**
 * Flags of a domain's state, as get_domain_state answers. 0: there is no such domain any more.
 *
 * `dying` and `dead` are meant to exclude each other, but real Xen was seen to answer 0xd:
 * the two come from two separate reads. Take `dead` as the later news.
 */
export const STATE = {
  /** The domain is there. Set in every answer about a domain that is. */
  exist: 0x1,
  /** Its shutdown is complete. Stays set while it dies and when it is dead. */
  shutdown: 0x2,
  /** Its resources are being given back. */
  dying: 0x4,
  /** All resources were given back; somebody still holds a reference. */
  dead: 0x8,
} as const;

/** Flags of a domain's capabilities, as get_domain_state answers. */
export const CAPS = {
  /** May control other domains. */
  control: 0x1,
  /** Is the hardware domain. */
  hardware: 0x2,
  /** Runs Xenstore. */
  xenstore: 0x4,
} as const;

/** Names of the bits, lowest first; what has no name is one hexadecimal number at the end. */
const flagNames = (flags: Readonly<Record<string, number>>, value: number): string[] => {
  const named = Object.entries(flags).filter(([, bit]) => (value & bit) !== 0);
  const rest = named.reduce((left, [, bit]) => left & ~bit, value);
  const names = named.map(([name]) => name);
  return rest === 0 ? names : [...names, `0x${(rest >>> 0).toString(16)}`];
};

/** `["exist", "dead"]` for 9. Bits without a name are shown: `["exist", "0x40"]` for 0x41. */
export const stateNames = (state: number): string[] => flagNames(STATE, state);

/** `["control", "hardware"]` for 3. Bits without a name are shown: `["control", "0x8"]` for 9. */
export const capsNames = (caps: number): string[] => flagNames(CAPS, caps);
