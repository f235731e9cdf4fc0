import {
  CDF,
  createDomain,
  DOMCTL,
  DOMID,
  domctl,
  domctlHeader,
  evtchnBindVirq,
  INTERFACE_VERSION,
  maxMem,
  maxVcpus,
  SHUTDOWN,
  type StructCodec,
  schedRemoteShutdown,
  setVirqHandler,
  subscribe,
  VIRQ,
} from "@xenkit/abi";
import { describe, expect, test } from "vitest";

const call = (cmd: number, interfaceVersion: number, domain: number) => ({
  cmd,
  interfaceVersion,
  domain,
  pad: new Uint8Array(6),
});
const rest = <T>(payload: StructCodec<T>): Uint8Array => new Uint8Array(128 - payload.size);
const v421 = INTERFACE_VERSION["4.21"];
const v422 = INTERFACE_VERSION["4.22"];

const pvGuest = {
  ssidref: 0,
  handle: Uint8Array.from({ length: 16 }, (_, index) => 0x10 + index),
  flags: 0,
  iommuOpts: 0,
  maxVcpus: 1,
  maxEvtchnPort: 1023,
  maxGrantFrames: 4,
  maxMaptrackFrames: 0,
  grantOpts: 1,
  altp2m: 0,
  vmtraceSize: 0,
  cpupoolId: 0,
  arch: { emulationFlags: 0, miscFlags: 0 },
};
const config = "101112131415161718191a1b1c1d1e1f";

/** Requests and answers as they were recorded from real Xen; zeros at the end are left out. */
const calls: readonly {
  readonly what: string;
  readonly codec: StructCodec<never>;
  readonly value: unknown;
  readonly hex: string;
}[] = [
  {
    what: "createdomain of 4.21.2, domid 0: choose one",
    codec: domctl(createDomain["4.21"]) as StructCodec<never>,
    value: {
      ...call(DOMCTL.createdomain, v421, 0),
      payload: pvGuest,
      rest: rest(createDomain["4.21"]),
    },
    hex: `0100000017000000000000000000000000000000${config}000000000000000001000000ff030000040000000000000001`,
  },
  {
    what: "createdomain of 4.22.0, DOMID_ANY: choose one",
    codec: domctl(createDomain["4.22"]) as StructCodec<never>,
    value: {
      ...call(DOMCTL.createdomain, v422, DOMID.any),
      payload: pvGuest,
      rest: rest(createDomain["4.22"]),
    },
    hex: `0100000018000000f57f00000000000000000000${config}000000000000000001000000ff030000040000000000000001`,
  },
  {
    what: "createdomain of 4.22.0, answered with domid 1 and a flag that was added",
    codec: domctl(createDomain["4.22"]) as StructCodec<never>,
    value: {
      ...call(DOMCTL.createdomain, v422, 1),
      payload: { ...pvGuest, flags: CDF.oosOff },
      rest: rest(createDomain["4.22"]),
    },
    hex: `0100000018000000010000000000000000000000${config}080000000000000001000000ff030000040000000000000001`,
  },
  {
    what: "max_vcpus of 4.21.2",
    codec: domctl(maxVcpus) as StructCodec<never>,
    value: { ...call(DOMCTL.maxVcpus, v421, 2), payload: { max: 1 }, rest: rest(maxVcpus) },
    hex: "0f00000017000000020000000000000001",
  },
  {
    what: "max_mem of 4.22.0, 1 MiB",
    codec: domctl(maxMem) as StructCodec<never>,
    value: { ...call(DOMCTL.maxMem, v422, 14), payload: { maxMemkb: 1024n }, rest: rest(maxMem) },
    hex: "0b000000180000000e000000000000000004",
  },
  {
    what: "subscribe of 4.21.2",
    codec: domctl(subscribe) as StructCodec<never>,
    value: { ...call(DOMCTL.subscribe, v421, 17), payload: { port: 1 }, rest: rest(subscribe) },
    hex: "1d00000017000000110000000000000001",
  },
  {
    what: "set_virq_handler of 4.21.2",
    codec: domctl(setVirqHandler) as StructCodec<never>,
    value: {
      ...call(DOMCTL.setVirqHandler, v421, 40),
      payload: { virq: VIRQ.domExc },
      rest: rest(setVirqHandler),
    },
    hex: "42000000170000002800000000000000" + "03",
  },
  {
    what: "EVTCHNOP_bind_virq, answered with port 1",
    codec: evtchnBindVirq as StructCodec<never>,
    value: { virq: VIRQ.domExc, vcpu: 0, port: 1 },
    hex: "030000000000000001",
  },
  {
    what: "SCHEDOP_remote_shutdown",
    codec: schedRemoteShutdown as StructCodec<never>,
    value: { domainId: 1, reason: SHUTDOWN.reboot },
    hex: "0100000001",
  },
];

describe("calls recorded from real Xen", () => {
  test.each(calls)("$what", ({ codec, value, hex }) => {
    const bytes = Uint8Array.from(Buffer.from(hex.padEnd(codec.size * 2, "0"), "hex"));
    expect(codec.decode(bytes)).toEqual(value);
    expect(codec.encode(value as never)).toEqual(bytes);
  });

  test("have a header that can be read without knowing the operation", () => {
    const bytes = domctl(maxVcpus).encode({
      ...call(DOMCTL.maxVcpus, v421, 2),
      payload: { max: 1 },
      rest: rest(maxVcpus),
    });
    expect(domctlHeader.decode(bytes, 0)).toEqual(call(DOMCTL.maxVcpus, v421, 2));
  });
});
