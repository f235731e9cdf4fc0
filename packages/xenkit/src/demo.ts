import type { HostAnswer } from "./control-protocol.ts";
import type { HostDirectory } from "./directory.ts";
import { quoted } from "./quoted.ts";

/** The guests of `up --demo`. */
export const DEMO_GUESTS = ["web", "database", "builder"] as const;

/** What to try next, with the commands as they have to be typed in a second terminal. */
export const demoHints = (
  { xenstored, control, pid }: HostAnswer,
  { path, chosen }: HostDirectory,
): string[] => {
  const xenkit = "npm run xenkit --";
  const dir = chosen ? ` --dir ${quoted(path)}` : "";
  const store = `XENSTORED_PATH=${quoted(xenstored)}`;
  return [
    "",
    "An emulated Xen host is running. In a second terminal, try:",
    "",
    "  # Debian's own Xenstore programs (apt-get install xenstore-utils)",
    `  ${store} xenstore-ls -f`,
    `  ${store} xenstore-write /a/b hello`,
    `  ${store} xenstore-watch @introduceDomain @releaseDomain`,
    "",
    "  # domains, while the watch above or this one runs",
    `  ${xenkit} watch${dir}`,
    `  ${xenkit} domain list${dir}`,
    `  ${xenkit} domain create --name mail${dir}`,
    `  ${xenkit} domain shutdown 1 --reason reboot${dir}`,
    `  ${xenkit} domain destroy 2${dir}`,
    "",
    "  # the same by HTTP",
    `  curl --unix-socket ${quoted(control)} http://xenkit/v1/domains`,
    "",
    `Ctrl-C here, or kill ${pid}, stops the host.`,
  ];
};
