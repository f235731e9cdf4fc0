import {
  CDF,
  DOMCTL_PAYLOAD_OFFSET,
  DOMINF,
  DOMINF_SHUTDOWN_SHIFT,
  type DomainInfo,
  getDomainInfo,
  type Release,
} from "@xenkit/abi";
import { writeU16 } from "./bytes.ts";
import { type Domain, LIFE, SHUTDOWN_PROGRESS } from "./domain.ts";

const PAGES_PER_KB = 4n;
const NO_FRAME = 2n ** 64n - 1n;
const NO_VCPU = 2 ** 32 - 1;

/** Answers getdomaininfo: the old way of learning the state of a domain. */
export const writeDomainInfo = (release: Release, domain: Domain, bytes: Uint8Array): void => {
  writeU16(bytes, 8, domain.domid);
  getDomainInfo[release].encode(infoOf(domain), bytes, DOMCTL_PAYLOAD_OFFSET);
};

const infoOf = (domain: Domain): DomainInfo => ({
  domain: domain.domid,
  pad1: 0,
  flags: flagsOf(domain),
  totPages: 0n,
  maxPages: domain.maxMemKb / PAGES_PER_KB,
  outstandingPages: 0n,
  shrPages: 0n,
  pagedPages: 0n,
  sharedInfoFrame: NO_FRAME,
  cpuTime: 0n,
  nrOnlineVcpus: domain.vcpus,
  maxVcpuId: domain.vcpus === 0 ? NO_VCPU : domain.vcpus - 1,
  ssidref: domain.config.ssidref,
  handle: handleOf(domain.config.handle),
  cpupool: 0,
  gpaddrBits: 0,
  pad2: new Uint8Array(7),
  archConfig: { emulationFlags: 0, miscFlags: 0 },
});

const flagsOf = ({ life, shutdown, shutdownReason, pauseCount, vcpus, config }: Domain): number => {
  const isDown = shutdown === SHUTDOWN_PROGRESS.complete;
  let flags = life === LIFE.alive ? 0 : DOMINF.dying;
  if (isDown) flags |= DOMINF.shutdown | (shutdownReason << DOMINF_SHUTDOWN_SHIFT);
  if (pauseCount > 0) flags |= DOMINF.paused;
  else if (vcpus > 0 && !isDown) flags |= DOMINF.running;
  if ((config.flags & CDF.hvm) !== 0) flags |= DOMINF.hvmGuest;
  if ((config.flags & CDF.hap) !== 0) flags |= DOMINF.hap;
  if ((config.flags & CDF.xsDomain) !== 0) flags |= DOMINF.xsDomain;
  return flags;
};

const handleOf = (hex: string): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
