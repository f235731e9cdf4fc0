import { join } from "node:path";
import { XEN_PROGRAMS } from "./available.ts";

/** `c`: xenstored. `ocaml`: oxenstored. */
export type DaemonKind = "c" | "ocaml";

/** How one kind of daemon is started. */
export interface DaemonCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files to be there before, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Names of the files that it logs to, beside its standard output. */
  readonly logs: readonly string[];
}

export interface DaemonSettings {
  readonly kind: DaemonKind;
  /** The daemon's own folder. */
  readonly folder: string;
  /** Options of the user. */
  readonly args: readonly string[];
  /** Lines of oxenstored.conf that differ from Debian's; the C daemon has no such file. */
  readonly config: Readonly<Record<string, string>>;
}

export const daemonCommand = (settings: DaemonSettings): DaemonCommand =>
  settings.kind === "c" ? cCommand(settings) : ocamlCommand(settings);

const cCommand = ({ folder, args }: DaemonSettings): DaemonCommand => ({
  program: join(XEN_PROGRAMS, "xenstored"),
  args: ["--no-fork", ...args],
  env: { XENSTORED_RUNDIR: folder },
  files: {},
  logs: [],
});

const ocamlCommand = ({ folder, args, config }: DaemonSettings): DaemonCommand => ({
  program: join(XEN_PROGRAMS, "oxenstored"),
  args: ["--no-fork", "--no-access-log", "--config-file", join(folder, CONFIG_FILE), ...args],
  env: {},
  files: {
    [CONFIG_FILE]: configText({
      ...DEBIAN_CONFIG,
      "pid-file": join(folder, "pid"),
      "xenstored-log-file": join(folder, LOG_FILE),
      ...config,
    }),
  },
  logs: [LOG_FILE],
});

const CONFIG_FILE = "oxenstored.conf";
const LOG_FILE = "xenstored.log";

/** What Debian's /etc/xen/oxenstored.conf sets: written out, so that the machine's own file changes no answer. */
const DEBIAN_CONFIG: Readonly<Record<string, string>> = {
  "test-eagain": "false",
  "merge-activate": "true",
  "conflict-burst-limit": "5.0",
  "conflict-max-history-seconds": "0.05",
  "conflict-rate-limit-is-aggregate": "true",
  "perms-activate": "true",
  "perms-watch-activate": "true",
  "quota-activate": "true",
  "quota-maxentity": "1000",
  "quota-maxsize": "2048",
  "quota-maxwatch": "100",
  "quota-transaction": "10",
  "quota-maxrequests": "1024",
  "quota-path-max": "1024",
  "quota-maxoutstanding": "1024",
  "quota-maxwatchevents": "1024",
  persistent: "false",
  "xenstored-kva": "/proc/xen/xsd_kva",
  "xenstored-port": "/proc/xen/xsd_port",
};

const configText = (config: Readonly<Record<string, string>>): string =>
  Object.entries(config)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join("");
