import type { Invocation } from "./invocation.ts";

const MODES = ["ls", "read", "write", "rm", "list", "exists", "chmod", "watch"] as const;
type Mode = (typeof MODES)[number];

/** Operands that each program is content with; `watch` with a number of events, so that it ends. */
const OPERANDS: Readonly<Record<Mode, readonly string[]>> = {
  ls: ["/t"],
  read: ["/t/a"],
  write: ["/t/a", "x\\ty"],
  rm: ["/t/p/q/r"],
  list: ["/t"],
  exists: ["/t/a"],
  chmod: ["/t/p/q", "r1"],
  watch: ["-n1", "/t"],
};

const program = (mode: Mode): string => `xenstore-${mode}`;
const each = (make: (mode: Mode) => Invocation): Invocation[] => MODES.map(make);
const calls = (mode: Mode, ...lines: readonly (readonly string[])[]): Invocation[] =>
  lines.map((args) => ({ line: [program(mode), ...args] }));

/** Every option on every program: most are refused by most. */
const options = ["-h", "-s", "-f", "-p", "-R", "-t", "-r", "-u", "-n", "-n2", "-x"].flatMap(
  (option) => each((mode) => ({ line: [program(mode), option, ...OPERANDS[mode]] })),
);

const longOptions = [
  "--help",
  "--flat",
  "--prefix",
  "--tidy",
  "--upto",
  "--recurse",
  "--raw",
  "--f",
  "--pre",
  "--r",
  "--re",
  "--ra",
  "--help=1",
  "--flat=",
  "--socket",
  "--dir",
  "--dir=/nowhere",
  "--json",
  "--number=1",
  "--number",
  "--num=2",
  "--=x",
  "--version",
].flatMap((option) =>
  (["ls", "read", "rm", "chmod"] as const).map(
    (mode): Invocation => ({ line: [program(mode), option, ...OPERANDS[mode]] }),
  ),
);

/** Where options stand, and how they are joined. */
const order = [
  ...each((mode) => ({ line: [program(mode), ...OPERANDS[mode], "-s"] })),
  ...each((mode) => ({
    line: [program(mode), "-s", "--", ...OPERANDS[mode].filter((word) => word !== "-n1")],
  })).filter(({ line }) => line[0] !== "xenstore-watch"),
  ...each((mode) => ({
    line: [program(mode), ...OPERANDS[mode], "-s"],
    env: { POSIXLY_CORRECT: "1" },
  })).filter(({ line }) => line[0] !== "xenstore-watch"),
  ...calls(
    "ls",
    ["-fp", "/t"],
    ["-pf", "/t"],
    ["-ffpp", "/t"],
    ["-fx", "-h", "/t"],
    ["-xh", "/t"],
    ["-R", "-x"],
    ["-x", "-R"],
    ["/t", "-f"],
    ["--", "-f"],
    ["-", "-f"],
    ["-c", "-d", "-?", "/t/p"],
    ["-n", "1", "/t"],
    ["-n"],
    ["-pn"],
    ["-w", "/t/p"],
  ),
  ...calls(
    "read",
    ["-pR", "/t/a"],
    ["-p", "-R", "/t/a", "/t/b"],
    ["-R", "/t/a", "/t/b"],
    ["-Rp", "/t/bytes"],
  ),
  ...calls("chmod", ["-ru", "/t/p/q", "r1"], ["/t/p", "-r", "n0", "-u", "r1"]),
];

const PATHS = [
  "/",
  "",
  "/t",
  "/t/",
  "//",
  "/t//a",
  "/nope",
  "/nope/deeper",
  "nope",
  "rel",
  "rel/k",
  ".",
  "a b",
  "/t/é",
  "@x",
  "@releaseDomain",
];

/** Every program on every kind of path. */
const paths = PATHS.flatMap((path) => [
  ...calls("ls", [path], ["-f", path], ["-p", path]),
  ...calls("read", [path]),
  ...calls("write", [path, "v"]),
  ...calls("rm", [path], ["-t", path]),
  ...calls("list", [path], ["-p", path]),
  ...calls("exists", [path]),
  // The C daemon's answer to this depends on what it was asked before.
  ...(path === "@x"
    ? []
    : calls("chmod", [path, "r1"], ["-u", path, "r1"], ["-r", path, "r1"], [path])),
  ...calls("watch", ["-n", "1", path]),
]);

const LONG = "x".repeat(3100);
const LONGER = "x".repeat(5100);
const lengths = [LONG, `/${LONG}`, `/${LONGER}`, `/t/${"y".repeat(2000)}`].flatMap((path) => [
  ...calls("ls", [path]),
  ...calls("read", [path]),
  ...calls("write", [path, "v"]),
  ...calls("rm", [path]),
  ...calls("list", [path]),
  ...calls("exists", [path]),
  ...calls("chmod", [path, "n0"]),
  ...calls("watch", ["-n1", path]),
]);

const counts = [
  ...each((mode) => ({ line: [program(mode)] })).filter(({ line }) => line[0] !== "xenstore-ls"),
  ...calls(
    "ls",
    [],
    ["-f"],
    ["-p"],
    ["/t/p", "/rel"],
    ["/t/p", "/t/deep"],
    ["/t/p", "/nope", "/t/deep"],
    ["/t/a"],
    ["-p", "/t/a"],
  ),
  ...calls(
    "read",
    ["/t/a", "/t/b"],
    ["-p", "/t/a", "/t/b"],
    ["/t/a", "/nope", "/t/b"],
    ["/nope", "/t/a"],
    ["/t/a", "/t/a"],
  ),
  ...calls(
    "write",
    ["/t/a"],
    ["/t/a", "1", "/t/b"],
    ["/t/n/1", "1", "/t/n/2", "2"],
    ["/t/a", "1", "/t/a", "2"],
    ["/t/n/1", "1", "", "2"],
    ["", "1", "/t/n/1", "2"],
    ["/t/a", ""],
    ["/t/new/node/deep", "v"],
    ["a", "1"],
    ["/t/p", "9", "/t/p/q", "8"],
  ),
  ...calls(
    "rm",
    ["/t/a", "/t/b"],
    ["/t/a", "/nope/x", "/t/b"],
    ["/t/p/q", "/t/p"],
    ["/t/p", "/t/p/q"],
    ["-t", "/t/p/q/r", "/t/deep"],
    ["-t", "/t/deep/x/y/z"],
    ["-t", "/t/valued/k"],
    ["-t", "/t/a"],
    ["-t", "rel/k"],
    ["-t", "/nope"],
    ["-t", "/nope/x/y"],
  ),
  ...calls(
    "list",
    ["/t/p", "/t/deep"],
    ["-p", "/t/p", "/t/deep"],
    ["/t/p", "/nope", "/t"],
    ["/t/a"],
  ),
  ...calls("exists", ["/t/a", "/t/b"], ["/t/a", "/nope"], ["/nope", "/t/a"], ["/t/a", "/t/a"]),
  ...calls(
    "watch",
    ["-n2", "/t", "/rel"],
    ["-n1", "/t", "/rel"],
    ["-n3", "/t", "/t/a", "/nope"],
    ["-n2", "/t", "/t"],
    ["-n0", "/t"],
    ["-n0", "/t", "//"],
    ["-n", "x", "/t"],
    ["-n", "1x", "/t"],
    ["-n", " 1", "/t"],
    ["-n", "+1", "/t"],
    ["-n", "/t"],
    ["-n"],
    ["/nope", "/t//"],
    ["-n1", "--", "-a"],
    ["-n", "2", "-n", "1", "/t"],
    ["/t", "-n1"],
  ),
];

const modes = [
  "n0",
  "r0",
  "w0",
  "b0",
  "n1",
  "r1",
  "n2",
  "r2",
  "r3",
  "x0",
  "R0",
  "N1",
  "0",
  "",
  "r",
  "rx",
  "r1x",
  "n 1",
  " n1",
  "r+1",
  "r-1",
  "r010",
  "r0x1",
  "r99999",
  "r65535",
  "r65536",
  "r65537",
  "r4294967296",
  "r4294967297",
  "rwb",
  "r1,r2",
  "é0",
].flatMap((mode) => calls("chmod", ["/t/a", mode], ["/t/a", "n0", mode]));

const chmods = [
  ...modes,
  ...calls(
    "chmod",
    ["/t/a", "n0", "r1", "w2", "b1"],
    ["/t/a", "n1", "n1"],
    ["-r", "/t", "n0", "r1"],
    ["-u", "/t/deep/x/y/z", "r2"],
    ["-ru", "/t/deep/x", "b1"],
    ["-r", "/", "n0"],
    ["-u", "rel/k", "r1"],
    ["-r", "rel", "r1"],
    ["/t/a", "x", "n0"],
    ["/nope", "x"],
    ["/t/a", ...Array.from({ length: 40 }, () => "n0")],
  ),
];

const VALUES = [
  "",
  " ",
  "plain",
  "tab\\tline\\nreturn\\r",
  "\\\\",
  "\\",
  "a\\",
  "\\\\x41",
  "\\x41",
  "\\x4",
  "\\x4g",
  "\\x411",
  "\\x",
  "\\xzz",
  "\\xFF",
  "\\xaB",
  "\\X41",
  "\\0",
  "\\01",
  "\\101",
  "\\1011",
  "\\777",
  "\\400",
  "\\8",
  "\\18",
  "\\08",
  "\\7",
  "\\a",
  "\\e",
  "\\q",
  "\\ ",
  '\\"',
  "\\'",
  '"quoted"',
  "é€",
  "\\é",
  "\t",
  "\n",
  "\u007f",
  "\\x00\\x01\\x07\\x08\\x0b\\x1b\\x1f\\x20\\x7e\\x7f\\x80\\xa0\\xff",
  "%s%d%n",
  "$HOME `x`",
  "\\n\\r\\t\\n",
];
const values = VALUES.flatMap((value): Invocation[] => [
  ...calls("write", ["/t/v", value], ["-R", "/t/v", value]),
]);

/** All bytes, read in every way. */
const BYTES = Array.from({ length: 32 }, (_, row) =>
  Array.from(
    { length: 8 },
    (_, column) => `\\x${(row * 8 + column).toString(16).padStart(2, "0")}`,
  ).join(""),
);
const bytes = [
  ...calls("read", ["/t/bytes"], ["-R", "/t/bytes"], ["-p", "/t/bytes"]),
  ...BYTES.flatMap((text) => calls("write", ["/t/v", text])),
];

const sizes = [4080, 4085, 4086, 4090, 4091, 4096, 4097].flatMap((size) =>
  calls("write", ["/t/v", "x".repeat(size)], ["/t/v", "x".repeat(size), "/t/w", "1"]),
);

/** Values and names around every limit of a line. */
const WIDE: Invocation["setup"] = [
  ...[0, 1, 9, 26, 27, 28, 29, 48, 49, 50, 51, 52, 53, 59, 60, 61, 68, 69, 70, 71, 90, 200].map(
    (length): [string, string] => [`/w/v${length}`, "v".repeat(length)],
  ),
  ...[30, 31, 62, 63, 64, 70, 71, 72, 73, 90].map((length): [string, string] => [
    `/w/${"n".repeat(length)}`,
    "123456789",
  ]),
  ["/w/deep/a/b/c/d/e", "v".repeat(70)],
  ["/w/bytes", "\u0001\\".repeat(30)],
];
const COLUMNS = [1, 2, 3, 9, 10, 11, 12, 20, 41, 62, 80, 100, 132];
const widths = [undefined, ...COLUMNS].flatMap((columns) =>
  [[], ["-p"], ["-f"], ["-f", "-p"]].map(
    (args): Invocation => ({
      line: ["xenstore-ls", ...args, "/w"],
      setup: WIDE,
      ...(columns === undefined ? {} : { columns }),
    }),
  ),
);

/** A list that needs several answers. */
const MANY = Array.from({ length: 500 }, (_, index): [string, string] => [`/m/child-${index}`, ""]);
const many = [
  ["xenstore-list", "/m"],
  ["xenstore-ls", "/m"],
  ["xenstore-ls", "-fp", "/m"],
  ["xenstore-chmod", "-r", "/m", "r1"],
].map(([name = "", ...args]): Invocation => ({ line: [name, ...args], setup: MANY }));

const connections = ["/nowhere/at/all", "@", "/dev/null"].flatMap((path) => [
  ...each(
    (mode): Invocation => ({
      line: [program(mode), ...OPERANDS[mode]],
      env: { XENSTORED_PATH: path },
    }),
  ),
  ...each((mode): Invocation => ({ line: [program(mode), "-h"], env: { XENSTORED_PATH: path } })),
  { line: ["xenstore-chmod", "/t", "x0"], env: { XENSTORED_PATH: path } } as const,
]);

const XS = {
  directory: 1,
  read: 2,
  getPerms: 3,
  watch: 4,
  begin: 6,
  end: 7,
  write: 11,
  rm: 13,
  setPerms: 14,
} as const;
const refuse = (
  type: keyof typeof XS,
  path: string,
  error: string,
  times?: number,
): Pick<Invocation, "refuse"> => ({
  refuse: { type: XS[type], path, error, ...(times === undefined ? {} : { times }) },
});

const ERRORS = [
  "EACCES",
  "ENOENT",
  "EINVAL",
  "ENOSPC",
  "EAGAIN",
  "EIO",
  "EEXIST",
  "EISDIR",
  "ENOMEM",
  "ENOSYS",
  "EROFS",
  "EBUSY",
  "EISCONN",
  "EPERM",
  "EQUOTA",
  "EWHAT",
];
const refusals: Invocation[] = [
  ...ERRORS.flatMap((error): Invocation[] => [
    { line: ["xenstore-ls", "/t"], ...refuse("directory", "^/t$", error) },
    { line: ["xenstore-ls", "/t"], ...refuse("directory", "^/t/p$", error) },
    { line: ["xenstore-ls", "-p", "/t"], ...refuse("read", "^/t/(p|deep/x)$", error) },
    { line: ["xenstore-ls", "-f", "/t"], ...refuse("read", "^/t/(p|deep/x)$", error) },
    { line: ["xenstore-ls", "-p", "/t"], ...refuse("getPerms", "^/t/(p|deep/x)$", error) },
    { line: ["xenstore-ls", "-fp", "/t"], ...refuse("getPerms", "^/t/(p|deep/x)$", error) },
    { line: ["xenstore-chmod", "/t/a", "r1"], ...refuse("setPerms", "", error) },
    { line: ["xenstore-chmod", "-r", "/t", "r1"], ...refuse("setPerms", "^/t/p$", error) },
  ]),
  ...["EACCES", "EQUOTA"].flatMap((error): Invocation[] => [
    { line: ["xenstore-read", "-p", "/t/a", "/t/b"], ...refuse("read", "^/t/b$", error) },
    { line: ["xenstore-exists", "/t/a"], ...refuse("read", "", error) },
    { line: ["xenstore-list", "/t"], ...refuse("directory", "", error) },
    { line: ["xenstore-write", "/t/a", "9"], ...refuse("write", "", error) },
    { line: ["xenstore-write", "/t/a", "9", "/t/b", "9"], ...refuse("write", "^/t/b$", error) },
    { line: ["xenstore-rm", "/t/a", "/t/b"], ...refuse("rm", "^/t/b$", error) },
    { line: ["xenstore-rm", "-t", "/t/p/q/r"], ...refuse("rm", "^/t/p$", error) },
    { line: ["xenstore-rm", "-t", "/t/p/q/r"], ...refuse("read", "^/t/p$", error) },
    { line: ["xenstore-rm", "-t", "/t/p/q/r"], ...refuse("directory", "^/t/p$", error) },
    { line: ["xenstore-chmod", "-r", "/t", "r1"], ...refuse("directory", "^/t/p$", error) },
    { line: ["xenstore-chmod", "-u", "/t/p/q", "r1"], ...refuse("setPerms", "^/t$", error) },
    { line: ["xenstore-watch", "-n1", "/t"], ...refuse("watch", "", error) },
    { line: ["xenstore-watch", "-n1", "/t", "/t/a"], ...refuse("watch", "^/t/a$", error) },
    ...each(
      (mode): Invocation => ({
        line: [program(mode), ...OPERANDS[mode]],
        ...refuse("begin", "", error),
      }),
    ),
    ...each(
      (mode): Invocation => ({
        line: [program(mode), ...OPERANDS[mode]],
        ...refuse("end", "^T$", error),
      }),
    ),
    { line: ["xenstore-write", "/t/a", "9", "/t/b", "9"], ...refuse("begin", "", error) },
    { line: ["xenstore-write", "/t/a", "9", "/t/b", "9"], ...refuse("end", "^T$", error) },
  ]),
  ...each(
    (mode): Invocation => ({
      line: [program(mode), ...OPERANDS[mode]],
      ...refuse("end", "^T$", "EAGAIN", 3),
    }),
  ),
  { line: ["xenstore-write", "/t/a", "9", "/t/b", "9"], ...refuse("end", "^T$", "EAGAIN", 3) },
];

const events: Invocation[] = [
  {
    line: ["xenstore-watch", "-n3", "/t"],
    during: [
      ["/t/a", "1"],
      ["/t/new/node", "2"],
    ],
  },
  {
    line: ["xenstore-watch", "-n6", "/t", "/t/a"],
    during: [
      ["/t/a", "1"],
      ["/t/b", "2"],
      ["/t/a", "3"],
    ],
  },
  {
    line: ["xenstore-watch", "-n4", "rel"],
    during: [
      ["rel/k", "1"],
      ["rel/k", "1"],
      ["rel", "2"],
    ],
  },
  {
    line: ["xenstore-watch", "-n5", "/nope", "/"],
    during: [
      ["/nope/x", "1"],
      ["/other", "2"],
    ],
  },
];

/** All in one program, which takes the mode as its first argument. */
const multi: Invocation[] = [
  ...each((mode): Invocation => ({ line: ["xenstore", mode, ...OPERANDS[mode]] })),
  ...each((mode): Invocation => ({ line: ["xenstore", mode, "-h"] })),
  ...each(
    (mode): Invocation => ({ line: ["xenstore", mode, "-x", "--r", "/nope/x/y", "n0"] }),
  ).filter(({ line }) => line[1] !== "watch"),
];

/** Every call that is compared. */
export const INVOCATIONS: readonly Invocation[] = [
  ...options,
  ...longOptions,
  ...order,
  ...paths,
  ...lengths,
  ...counts,
  ...chmods,
  ...values,
  ...bytes,
  ...sizes,
  ...widths,
  ...many,
  ...connections,
  ...refusals,
  ...events,
  ...multi,
];
