import { tmpdir } from "node:os";
import type { QuotaName } from "@xenkit/xenstored";
import { Command, InvalidArgumentError, Option } from "commander";
import { DOMID_MAX, SHUTDOWN_REASONS, type ShutdownReason } from "./control-protocol.ts";
import { checkDirectory, findDirectory, type HostDirectory } from "./directory.ts";
import type { CreateOptions } from "./domain-commands.ts";
import { collect, nonEmpty, numberIn } from "./option-values.ts";
import { addStoreHelp } from "./store-help.ts";
import type { Terminal } from "./terminal.ts";
import type { UpOptions } from "./up.ts";
import { version } from "./version.ts";
import { websocketOptions } from "./websocket-options.ts";
import type { XenstoredOptions } from "./xenstored.ts";

/** Every command with its options and help. What a command does is loaded when it runs: `--help` starts fast. */
export const commandLine = (terminal: Terminal): Command => {
  const program = new Command("xenkit")
    .description("An emulated Xen host with a real Xenstore: run one, and steer its domains.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.replace(/\n$/, "")),
      writeErr: (text) => terminal.tell(text.replace(/\n$/, "")),
    })
    .showHelpAfterError("(xenkit --help shows all commands)")
    .showSuggestionAfterError()
    .addHelpText("after", EXAMPLES.program);

  addUp(program, terminal);
  const domain = program
    .command("domain")
    .description("list, create and steer the domains of a running host")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES.domain);
  addDomainCommands(domain, terminal);
  addWatch(program, terminal);
  addXenstored(program, terminal);
  addStoreHelp(program, dirOption);
  return program;
};

const addUp = (program: Command, terminal: Terminal): void => {
  const command = program
    .command("up")
    .description("run a host in the foreground until SIGINT or SIGTERM")
    .addOption(dirOption())
    .option("--domains <count>", "guests to create at the start", numberIn(0, DOMID_MAX))
    .addOption(
      new Option("--unique-ids <policy>", "how domains get unique ids: 1, 2, 3 … or as Xen does")
        .choices(["sequence", "xorshift"])
        .default("sequence"),
    )
    .addOption(
      new Option("--release <release>", "the Xen release to behave as")
        .choices(["4.21", "4.22"])
        .default("4.22"),
    )
    .option("--demo", "create a few guests and say what to try next")
    .addOption(logLevelOption())
    .addHelpText("after", EXAMPLES.up)
    .action(async (options: UpOptions & DirOption) => {
      const { up } = await import("./up.ts");
      await up(directoryOf(options, terminal), options, terminal);
    });
  for (const option of websocketOptions()) command.addOption(option);
};

const addDomainCommands = (domain: Command, terminal: Terminal): void => {
  const commands = async (options: DirOption) => {
    const { domainCommands } = await import("./domain-commands.ts");
    const directory = directoryOf(options, terminal);
    checkDirectory(directory, process.getuid?.());
    return domainCommands(directory.path, terminal);
  };

  domain
    .command("list")
    .description("print every domain with its state, capabilities and unique id")
    .addOption(dirOption())
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES.list)
    .action(async (options: DirOption & { readonly json?: true }) => {
      await (await commands(options)).list({ json: options.json === true });
    });

  domain
    .command("create")
    .description("create guests, introduce them to Xenstore and print their domids")
    .addOption(dirOption())
    .option("--name <name>", "its name; with --count, -1, -2 … is appended", nameOf)
    .addOption(
      new Option("--domid <domid>", "its domid; the next free one if missing")
        .argParser(numberIn(1, DOMID_MAX))
        .conflicts("count"),
    )
    .option("--count <count>", "how many", numberIn(1, DOMID_MAX))
    .option("--xenstore", "give the capability to run Xenstore")
    .addHelpText("after", EXAMPLES.create)
    .action(async (options: DirOption & CreateOptions) => {
      await (await commands(options)).create(options);
    });

  domain
    .command("usage")
    .description(
      "print what domains use of their Xenstore quotas, what was refused, what they wait for",
    )
    .argument("[domid...]", "the domains; all if missing", collect(numberIn(0, DOMID_MAX)))
    .addOption(dirOption())
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES.usage)
    .action(async (domids: number[], options: DirOption & { readonly json?: true }) => {
      await (await commands(options)).usage(domids, { json: options.json === true });
    });

  const deed = (name: "pause" | "unpause" | "resume", description: string): void => {
    domain
      .command(name)
      .description(description)
      .argument("<domid...>", "the domains", collect(numberIn(1, DOMID_MAX)))
      .addOption(dirOption())
      .addHelpText("after", EXAMPLES.deed(name))
      .action(async (domids: number[], options: DirOption) => {
        await (await commands(options)).act(name, domids);
      });
  };

  deed("pause", "stop a domain's vCPUs");
  deed("unpause", "let a paused domain run");
  domain
    .command("shutdown")
    .description("shut domains down: @releaseDomain fires, the domain stays")
    .argument("<domid...>", "the domains", collect(numberIn(1, DOMID_MAX)))
    .addOption(dirOption())
    .addOption(new Option("--reason <reason>", "why").choices(SHUTDOWN_REASONS).default("poweroff"))
    .addHelpText("after", EXAMPLES.shutdown)
    .action(async (domids: number[], options: DirOption & { readonly reason: ShutdownReason }) => {
      await (await commands(options)).act("shutdown", domids, { reason: options.reason });
    });
  deed("resume", "undo a shutdown, as after a suspend");
  domain
    .command("destroy")
    .description("destroy domains: their Xenstore nodes go, their domids become free")
    .argument("<domid...>", "the domains", collect(numberIn(1, DOMID_MAX)))
    .addOption(dirOption())
    .addHelpText("after", EXAMPLES.deed("destroy"))
    .action(async (domids: number[], options: DirOption) => {
      await (await commands(options)).destroy(domids);
    });
};

const addWatch = (program: Command, terminal: Terminal): void => {
  program
    .command("watch")
    .description(
      "print every change of a domain as the host drains it, until SIGINT; of nodes, given keys: as xenstore-watch",
    )
    .usage("[options] [key...]")
    .addOption(dirOption())
    .option("-n <nr>", "with keys: end after so many events")
    .option("--json", "print a line of JSON for each change")
    .addHelpText("after", EXAMPLES.watch)
    .action(async (options: DirOption & { readonly json?: true }) => {
      const { watch } = await import("./watch.ts");
      const directory = directoryOf(options, terminal);
      checkDirectory(directory, process.getuid?.());
      await watch(directory.path, { json: options.json === true }, terminal);
    });
};

const addXenstored = (program: Command, terminal: Terminal): void => {
  const command = program
    .command("xenstored")
    .description("run a Xenstore daemon alone, over a small emulated host, until SIGINT or SIGTERM")
    .option(
      "--socket <path>",
      "where clients connect: their XENSTORED_PATH; without it, xenstored.sock in the directory",
      nonEmpty,
    )
    .addOption(
      new Option(
        "--dir <dir>",
        "for xenkit domain and watch: a directory as of xenkit up; with --socket alone there is none",
      ).argParser(nonEmpty),
    )
    .option("--pid-file <path>", "write the process's number there; removed at the end", nonEmpty)
    .option("--domains <count>", "guests of its host", numberIn(0, DOMID_MAX))
    .addOption(
      new Option("--conflicts <rule>", "EAGAIN: when answers would differ, or as Xen's C daemon")
        .choices(["answers", "strict"])
        .default("answers"),
    )
    .addOption(
      new Option(
        "--io <engine>",
        "what moves the bytes; auto: epoll where it can be had, else libuv",
      )
        .choices(["auto", "epoll", "libuv"])
        .default("auto"),
    )
    .option("--keep-orphans", "nodes of a domain that ended go to domain 0")
    .option(
      "--quota <name=value...>",
      `limits of guests, 0 for none: ${QUOTA_NAMES.join(", ")}`,
      collectQuotas,
    )
    .option(
      "--event-timeout <seconds>",
      "drop events that a guest leaves unread for so long, 0 for never",
      numberIn(0, 999_999_999),
      20,
    )
    .option("--metrics-port <port>", "serve /metrics on 127.0.0.1; 0 for any", numberIn(0, 65_535))
    .addOption(logLevelOption())
    .addHelpText("after", EXAMPLES.xenstored)
    .action(async (options: XenstoredOptions & DirOption) => {
      const { xenstored } = await import("./xenstored.ts");
      const alone = options.socket !== undefined && options.dir === undefined;
      const place = alone ? {} : { directory: directoryOf(options, terminal) };
      await xenstored({ ...options, ...place }, terminal);
    });
  for (const option of websocketOptions()) command.addOption(option);
};

const logLevelOption = (): Option =>
  new Option("--log-level <level>", "how much to log to stderr, as lines of JSON")
    .choices(["error", "warn", "info", "debug"])
    .default("warn");

/** By name, all that GET_QUOTA gives: the compiler sees to that, so that the help loads no daemon. */
const QUOTAS: Readonly<Record<QuotaName, true>> = {
  nodes: true,
  watches: true,
  outstanding: true,
  memory: true,
  "soft-memory": true,
  transactions: true,
  "transaction-nodes": true,
  "node-permissions": true,
  "path-max": true,
  "node-size": true,
};
const QUOTA_NAMES = Object.keys(QUOTAS);

const collectQuotas = (
  text: string,
  before: Record<string, number> | undefined,
): Record<string, number> => {
  const [name = "", value = ""] = text.split("=");
  if (!QUOTA_NAMES.includes(name) || text.split("=").length !== 2) {
    throw new InvalidArgumentError(`It must be NAME=VALUE, NAME one of ${QUOTA_NAMES.join(", ")}.`);
  }
  return { ...before, [name]: numberIn(0, 999_999_999)(value) };
};

interface DirOption {
  readonly dir?: string;
}

const dirOption = (): Option =>
  new Option(
    "--dir <dir>",
    "the host's directory; by default $XENKIT_DIR, $XDG_RUNTIME_DIR/xenkit, or a folder per user for temporary files",
  ).argParser(nonEmpty);

const directoryOf = ({ dir }: DirOption, { env }: Terminal): HostDirectory =>
  findDirectory({ dir, env, temporary: tmpdir(), uid: process.getuid?.() });

const nameOf = (text: string): string => {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,57}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be 1 to 58 of A-Z a-z 0-9 . _ -, no sign first.");
};

const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;

const EXAMPLES = {
  program: examples(
    "xenkit up --domains 3",
    "xenkit domain list",
    "xenkit domain shutdown 1 --reason reboot",
    "xenkit watch --json",
    "xenkit ls -f /local/domain/1",
  ),
  up: `${examples(
    "xenkit up",
    "xenkit up --dir /tmp/host-a --domains 10",
    "xenkit up --release 4.21 --unique-ids xorshift",
    "xenkit up --websocket 0 --websocket-origin http://localhost:5173",
  )}

When everything is ready, one line is printed: the word ready and a JSON object with pid, dir and
the paths of both sockets. Xenstore clients connect to its "xenstored": set XENSTORED_PATH to it.
Its "websocket" has a token: who knows that URL has the rights of domain 0. Nothing is encrypted.`,
  domain: examples(
    "xenkit domain list",
    "xenkit domain create --name web",
    "xenkit domain destroy 1",
  ),
  list: examples("xenkit domain list", "xenkit domain list --json"),
  create: examples(
    "xenkit domain create --name web",
    "xenkit domain create --domid 7",
    "xenkit domain create --name load --count 1000",
  ),
  shutdown: examples("xenkit domain shutdown 1", "xenkit domain shutdown 1 2 --reason crash"),
  usage: examples("xenkit domain usage", "xenkit domain usage 1 2 --json"),
  xenstored: `${examples(
    "xenkit xenstored --socket /tmp/xenstored.sock",
    "xenkit xenstored --socket /tmp/x.sock --quota nodes=5000 watches=512 --metrics-port 9464",
    "xenkit xenstored --socket /tmp/x.sock --conflicts strict --keep-orphans --domains 3",
    "xenkit xenstored --dir /tmp/store-a & xenkit domain usage --dir /tmp/store-a",
  )}

When it answers, one line is printed: the word ready and a JSON object. In its directory there are
the socket, unless --socket names another place, and control.sock: xenkit domain and watch work as
on a host of xenkit up. The "websocket" in that line is as there: a secret.`,
  watch: examples(
    "xenkit watch",
    "xenkit watch --json | jq .kind",
    "xenkit watch /local/domain",
    "xenkit watch -n 2 @releaseDomain",
  ),
  deed: (name: string) => examples(`xenkit domain ${name} 1`, `xenkit domain ${name} 1 2 3`),
};
