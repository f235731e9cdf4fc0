import { interop } from "@xenkit/testkit";

/** Where Debian keeps the daemons. They are no programs for users, so they are not on the PATH. */
export const XEN_PROGRAMS = "/usr/lib/xen-4.17/bin";

/**
 * Tells whether this machine has what the oracle needs. If not, one line on stderr says what to install; in CI
 * (`CI=true`) that is an error.
 *
 * @example
 * describe.runIf(available())("the C daemon", () => { … });
 */
export const available = (): boolean =>
  interop([
    { path: `${XEN_PROGRAMS}/xenstored`, debian: "xen-utils-4.17" },
    { path: `${XEN_PROGRAMS}/oxenstored`, debian: "xen-utils-4.17" },
    { path: "/usr/bin/xenstore-ls", debian: "xenstore-utils" },
    { path: "/usr/bin/gcc", debian: "gcc" },
  ]);
