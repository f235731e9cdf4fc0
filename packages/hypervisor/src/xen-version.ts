import { ERRNO } from "@xenkit/abi";
import type { Machine } from "./machine.ts";

/** The command that asks for the version number itself. Source: Xen's public `version.h`. */
const XENVER_VERSION = 0;

/**
 * xen_version: the major version in the upper 16 bits, the minor one in the lower. Other commands
 * are ENOSYS.
 */
export const xenVersion = ({ profile }: Machine, cmd: number): number => {
  if (cmd !== XENVER_VERSION) return -ERRNO.ENOSYS;
  const [major, minor] = profile.release.split(".").map(Number);
  return ((major ?? 0) << 16) | (minor ?? 0);
};
