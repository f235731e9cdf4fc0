import {
  CDF,
  DOMCTL_PAYLOAD_OFFSET,
  DOMINF,
  DOMINF_SHUTDOWN_SHIFT,
  getDomainInfo,
  type Release,
} from "@xenkit/abi";
import { writeU16, writeU32 } from "./bytes.ts";
import { type Domain, LIFE, SHUTDOWN_PROGRESS } from "./domain.ts";

const NO_HALF_FRAME = -1;

/**
 * Where the fields are that are not always 0, from the start of the domctl. The layout is the
 * codec's.
 */
const placesOf = (release: Release) => {
  const { fields, size } = getDomainInfo[release];
  const at = (name: string): number => {
    const field = fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`getdomaininfo has no field ${name}`);
    return DOMCTL_PAYLOAD_OFFSET + field.offset;
  };
  return {
    end: DOMCTL_PAYLOAD_OFFSET + size,
    domain: at("domain"),
    flags: at("flags"),
    maxPages: at("maxPages"),
    sharedInfoFrame: at("sharedInfoFrame"),
    nrOnlineVcpus: at("nrOnlineVcpus"),
    maxVcpuId: at("maxVcpuId"),
    ssidref: at("ssidref"),
    handle: at("handle"),
  };
};

const PLACES = { "4.21": placesOf("4.21"), "4.22": placesOf("4.22") } as const;

/**
 * Answers getdomaininfo: the old way of learning the state of a domain. In place and without
 * allocating, as get_domain_state is: whoever compares the two ways compares what they ask for, not
 * how it is encoded.
 */
export const writeDomainInfo = (release: Release, domain: Domain, bytes: Uint8Array): void => {
  const at = PLACES[release];
  const { config, vcpus } = domain;
  writeU16(bytes, 8, domain.domid);
  bytes.fill(0, DOMCTL_PAYLOAD_OFFSET, at.end);
  writeU16(bytes, at.domain, domain.domid);
  writeU32(bytes, at.flags, flagsOf(domain));
  writePages(bytes, at.maxPages, domain.maxMemKb);
  writeU32(bytes, at.sharedInfoFrame, NO_HALF_FRAME);
  writeU32(bytes, at.sharedInfoFrame + 4, NO_HALF_FRAME);
  writeU32(bytes, at.nrOnlineVcpus, vcpus);
  // Without vCPUs 2^32 − 1.
  writeU32(bytes, at.maxVcpuId, vcpus - 1);
  writeU32(bytes, at.ssidref, config.ssidref);
  for (let byte = 0; byte < 16; byte += 1) {
    const high = digitAt(config.handle, 2 * byte);
    bytes[at.handle + byte] = (high << 4) | digitAt(config.handle, 2 * byte + 1);
  }
};

/** KiB as pages of 4 KiB. Nearly always 0, and then no bigint is touched. */
const writePages = (bytes: Uint8Array, at: number, kb: bigint): void => {
  if (kb === 0n) return;
  const pages = kb >> 2n;
  writeU32(bytes, at, Number(pages & 0xffff_ffffn));
  writeU32(bytes, at + 4, Number(pages >> 32n));
};

/** One lower-case hex digit. */
const digitAt = (hex: string, at: number): number => {
  const code = hex.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
};

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
