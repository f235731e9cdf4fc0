import { readFileSync } from "node:fs";
import {
  CAPS,
  CDF,
  createDomain,
  DOMCTL,
  DOMCTL_SIZE,
  DOMID,
  domainState,
  domctl,
  ERRNO,
  EVTCHNOP,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnSend,
  evtchnUnmask,
  HYPERVISOR,
  INTERFACE_VERSION,
  NR_VIRQS,
  SCHEDOP,
  SHUTDOWN,
  STATE,
  type StructCodec,
  schedRemoteShutdown,
  setVirqHandler,
  VIRQ,
} from "@xenkit/abi";
import { describe, expect, test } from "vitest";

interface Layout {
  readonly structs: Record<
    string,
    {
      readonly sizeof: number;
      readonly alignof?: number;
      readonly fields: Record<string, { readonly offset: number; readonly size: number }>;
    }
  >;
  readonly constants: Record<string, Record<string, number>>;
}

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const releases = [
  { release: "4.21", recorded: "4.21.2" },
  { release: "4.22", recorded: "4.22.0" },
] as const;

/** Recorded structs and constants of other packages' subjects. */
const notOurs = {
  structs: ["xsd_sockmsg", "xenstore_domain_interface", "linux_privcmd_hypercall"],
  constants: ["xs_wire", "linux_ioctl"],
};

describe.each(releases)("the layout recorded from Xen $recorded", ({ release, recorded }) => {
  const url = new URL(`../vectors/xen-${recorded}/layout.json`, import.meta.url);
  const layout = JSON.parse(readFileSync(url, "utf8")) as Layout;
  const payloads: readonly Pick<StructCodec<unknown>, "name" | "size" | "align" | "fields">[] = [
    domainState,
    createDomain[release],
    setVirqHandler,
    evtchnBindVirq,
    evtchnClose,
    evtchnUnmask,
    evtchnSend,
    evtchnBindInterdomain,
    schedRemoteShutdown,
  ];

  test.each(payloads)("has $name with this size, these offsets and these field sizes", (codec) => {
    const golden = layout.structs[codec.name];
    expect(codec.size).toBe(golden?.sizeof);
    if (golden?.alignof !== undefined) expect(codec.align).toBe(golden.alignof);
    const ours = Object.fromEntries(
      codec.fields.map(({ name, offset, size }) => [snake(name), { offset, size }]),
    );
    expect(ours).toEqual(golden?.fields);
  });

  test.each([
    { member: "get_domain_state", payload: domainState as StructCodec<unknown> },
    { member: "createdomain", payload: createDomain[release] as StructCodec<unknown> },
  ])("has xen_domctl with this header, and $member in its union", ({ member, payload }) => {
    const golden = layout.structs["xen_domctl"];
    const codec = domctl(payload);
    expect(codec.size).toBe(golden?.sizeof);
    expect(codec.align).toBe(golden?.alignof);
    expect(codec.size).toBe(DOMCTL_SIZE);
    const at = (name: string) => codec.fields.find((field) => field.name === name);
    for (const [ours, theirs] of [
      ["cmd", "cmd"],
      ["interfaceVersion", "interface_version"],
      ["domain", "domain"],
      ["pad", "_pad"],
      ["payload", `u.${member}`],
    ] as const) {
      expect(at(ours)).toEqual({ name: ours, ...golden?.fields[theirs] });
    }
    const union = golden?.fields["u"] ?? { offset: 0, size: 0 };
    const rest = at("rest") ?? { offset: 0, size: 0 };
    expect(rest.offset + rest.size).toBe(union.offset + union.size);
  });

  const prefixed = (prefix: string, values: Record<string, number>, upper = false) =>
    Object.entries(values).map(([name, value]): [string, number] => [
      `${prefix}${upper ? snake(name).toUpperCase() : snake(name)}`,
      value,
    ]);

  test("has constants with these values", () => {
    const ours = new Map<string, number>([
      ...prefixed("__HYPERVISOR_", HYPERVISOR),
      ...prefixed("XEN_DOMCTL_", DOMCTL),
      ["XEN_DOMCTL_INTERFACE_VERSION", INTERFACE_VERSION[release]],
      ...prefixed("XEN_DOMCTL_GETDOMSTATE_STATE_", STATE, true),
      ...prefixed("XEN_DOMCTL_GETDOMSTATE_CAP_", CAPS, true),
      ...prefixed("XEN_DOMCTL_CDF_", CDF),
      ...prefixed("DOMID_", DOMID, true),
      ...prefixed("VIRQ_", VIRQ, true),
      ["VIRQ_ARCH_0", VIRQ.arch0],
      ["NR_VIRQS", NR_VIRQS],
      ...prefixed("EVTCHNOP_", EVTCHNOP),
      ...prefixed("SCHEDOP_", SCHEDOP),
      ...prefixed("SHUTDOWN_", SHUTDOWN),
      ...Object.entries(ERRNO),
    ]);
    const golden = Object.entries(layout.constants)
      .filter(([group]) => !notOurs.constants.includes(group))
      .flatMap(([, values]) => Object.entries(values));
    expect(golden.length).toBeGreaterThan(60);
    expect(golden.map(([name]) => [name, ours.get(name)])).toEqual(golden);
  });

  test("lists no struct that is neither here nor another package's", () => {
    const known = ["xen_domctl", ...payloads.map(({ name }) => name), ...notOurs.structs];
    expect(Object.keys(layout.structs).toSorted()).toEqual(known.toSorted());
  });
});
