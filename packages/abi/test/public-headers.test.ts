import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  archDomainConfig,
  CDF,
  DOMCTL,
  DOMCTL_PAYLOAD_OFFSET,
  DOMCTL_SIZE,
  DOMID,
  DOMINF,
  DOMINF_SHUTDOWN_MASK,
  DOMINF_SHUTDOWN_SHIFT,
  ERRNO,
  EVTCHNOP,
  EVTCHNSTAT,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnReset,
  evtchnSend,
  evtchnStatus,
  evtchnUnmask,
  GNTMAP,
  GNTST,
  GNTTABOP,
  getDomainInfo,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
  HYPERVISOR,
  maxMem,
  maxVcpus,
  NR_VIRQS,
  SCHEDOP,
  SHUTDOWN,
  type StructCodec,
  schedRemoteShutdown,
  schedShutdown,
  setTarget,
  setVirqHandler,
  subscribe,
  VIRQ,
} from "@xenkit/abi";
import { interop } from "@xenkit/testkit";
import { describe, expect, test } from "vitest";

/** Debian's copy of Xen's public headers, 4.17: older than our releases, so only what did not change. */
const ready = interop([
  { path: "/usr/bin/gcc", debian: "gcc" },
  { path: "/usr/include/xen/domctl.h", debian: "libxen-dev" },
]);

/** createdomain grew after 4.17, and get_domain_state is younger: the recorded layout has those two. */
const structs: readonly Pick<StructCodec<unknown>, "name" | "size" | "align" | "fields">[] = [
  archDomainConfig,
  getDomainInfo["4.21"],
  setVirqHandler,
  maxVcpus,
  maxMem,
  subscribe,
  setTarget,
  evtchnAllocUnbound,
  evtchnBindInterdomain,
  evtchnBindVirq,
  evtchnClose,
  evtchnSend,
  evtchnUnmask,
  evtchnStatus,
  evtchnReset,
  schedRemoteShutdown,
  schedShutdown,
  gnttabMapGrantRef,
  gnttabUnmapGrantRef,
];

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const prefixed = (prefix: string, values: Record<string, number>, upper = false) =>
  Object.entries(values).map(([name, value]): [string, number] => {
    const c = `${prefix}${upper ? snake(name).toUpperCase() : snake(name)}`;
    return [c === "VIRQ_ARCH0" ? "VIRQ_ARCH_0" : c, value];
  });

const without = (values: Record<string, number>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));

const constants: readonly (readonly [string, number])[] = [
  ...prefixed("__HYPERVISOR_", HYPERVISOR),
  // get_domain_state is of 4.21.
  ...prefixed("XEN_DOMCTL_", without(DOMCTL, "getDomainState")),
  ...prefixed("EVTCHNOP_", EVTCHNOP),
  ...prefixed("EVTCHNSTAT_", EVTCHNSTAT),
  ...prefixed("SCHEDOP_", SCHEDOP),
  ...prefixed("SHUTDOWN_", SHUTDOWN),
  ...prefixed("GNTTABOP_", GNTTABOP),
  ...prefixed("GNTMAP_", GNTMAP),
  ...prefixed("GNTST_", GNTST),
  ...prefixed("XEN_DOMCTL_CDF_", CDF),
  ...prefixed("XEN_DOMINF_", DOMINF),
  ["XEN_DOMINF_shutdownshift", DOMINF_SHUTDOWN_SHIFT],
  ["XEN_DOMINF_shutdownmask", DOMINF_SHUTDOWN_MASK],
  ...prefixed("VIRQ_", VIRQ, true),
  ["NR_VIRQS", NR_VIRQS],
  // DOMID_ANY is of 4.22.
  ...prefixed("DOMID_", without(DOMID, "any"), true),
  // The header shows these two only to the hypervisor itself.
  ...Object.entries(without(ERRNO, "EINTR", "ERESTART")).map(([name, value]): [string, number] => [
    `XEN_${name}`,
    value,
  ]),
  ["sizeof(struct xen_domctl)", DOMCTL_SIZE],
  ["offsetof(struct xen_domctl, u)", DOMCTL_PAYLOAD_OFFSET],
];

/** One line for each fact: a name and a number. */
const expected = new Map<string, number>([
  ...constants,
  ...structs.flatMap(({ name, size, align, fields }): [string, number][] => [
    [`sizeof(struct ${name})`, size],
    [`_Alignof(struct ${name})`, align],
    ...fields.flatMap((field): [string, number][] => [
      [`offsetof(struct ${name}, ${snake(field.name)})`, field.offset],
      [`sizeof(((struct ${name} *)0)->${snake(field.name)})`, field.size],
    ]),
  ]),
]);

const program = `
#define __XEN_TOOLS__ 1
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/grant_table.h>
#include <xen/errno.h>
int main(void)
{
${[...expected.keys()].map((expression) => `    printf("%lld %s\\n", (long long)(${expression}), "${expression}");`).join("\n")}
    return 0;
}
`;

const compiled = (): Map<string, number> => {
  const directory = mkdtempSync(join(tmpdir(), "xenkit-abi-"));
  try {
    const source = join(directory, "layout.c");
    const binary = join(directory, "layout");
    writeFileSync(source, program);
    execFileSync("gcc", ["-std=gnu11", source, "-o", binary]);
    const lines = execFileSync(binary, { encoding: "utf8" }).trim().split("\n");
    return new Map(
      lines.map((line) => [
        line.slice(line.indexOf(" ") + 1),
        Number(line.slice(0, line.indexOf(" "))),
      ]),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
};

describe.runIf(ready)("Xen's public headers, compiled by gcc", () => {
  test("agree on every size, alignment, offset and constant that is the same since 4.17", () => {
    expect(expected.size).toBeGreaterThan(200);
    expect(Object.fromEntries(compiled())).toEqual(Object.fromEntries(expected));
  });
});
