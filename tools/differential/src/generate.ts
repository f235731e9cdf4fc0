import { HEADER_SIZE, joinStrings, MESSAGE } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import {
  DOMIDS,
  isGuest,
  type Place,
  type PlannedRequest,
  type Sequence,
  type Step,
  type TransactionRef,
} from "./step.ts";
import { introducePayload } from "./world.ts";

/** What a generator of sequences may use. */
export interface GenerateOptions {
  /** Guests behind rings. */
  readonly guests: boolean;
  /** Domains that come and go. */
  readonly lifecycle: boolean;
  /** Requests without a payload, headers that announce too much, requests that meet limits. */
  readonly extremes: boolean;
}

/** Sequences of requests, valid and junk. */
export const sequences = (options: GenerateOptions): fc.Arbitrary<Sequence> =>
  fc.record({
    tight: options.guests && options.extremes ? fc.boolean() : fc.constant(false),
    steps: fc.array(
      step(options.guests).filter((each) => allowed(each, options)),
      { minLength: 1, maxLength: 60, size: "max" },
    ),
  });

const allowed = (each: Step, { lifecycle, extremes }: GenerateOptions): boolean => {
  if (each.do === "junk") return extremes;
  if (each.do === "hang-up") return true;
  if (each.do !== "ask") return lifecycle;
  return each.requests.every(
    ({ type, payload }) =>
      (lifecycle || !LIFECYCLE.has(type)) &&
      (extremes || (payload !== "" && payload.length < 1000)),
  );
};

const SOCKETS: readonly Place[] = ["s0", "s1", "s2"];
const GUESTS: readonly Place[] = ["g1", "g2", "g3"];

const place = (domains: boolean): fc.Arbitrary<Place> =>
  domains ? fc.constantFrom(...SOCKETS, ...GUESTS) : fc.constantFrom(...SOCKETS);

const step = (domains: boolean): fc.Arbitrary<Step> => {
  const ask = place(domains).chain(
    (on): fc.Arbitrary<Step> =>
      fc.oneof(
        { weight: 12, arbitrary: fc.tuple(request(on)).map((requests) => asked(on, requests)) },
        {
          weight: 2,
          arbitrary: fc
            .array(request(on), { minLength: 2, maxLength: 8 })
            .map((requests) => asked(on, requests)),
        },
        {
          weight: 1,
          arbitrary: fc
            .tuple(request(on), splitAt)
            .map(([one, at]) => ({ ...asked(on, [one]), splitAt: at })),
        },
      ),
  );
  const others: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 2,
      arbitrary: place(domains)
        .filter((on) => !isGuest(on))
        .map((on): Step => ({ do: "hang-up", on })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...SOCKETS), fc.constantFrom(...JUNK))
        .map(([on, bytes]): Step => ({ do: "junk", on, bytes })),
    },
    {
      weight: domains ? 6 : 0,
      arbitrary: fc
        .tuple(fc.constantFrom("create", "shut-down", "die", "destroy"), fc.constantFrom(...DOMIDS))
        .map(([what, domid]): Step => ({ do: what as "create", domid })),
    },
  );
  return fc.oneof({ weight: 16, arbitrary: ask }, { weight: 1, arbitrary: others });
};

/** Not behind the header: xenstored 4.17 would wait for the payload, and serve nobody meanwhile. */
const splitAt = fc.integer({ min: 1, max: 24 }).filter((at) => at !== HEADER_SIZE);

const asked = (on: Place, requests: readonly PlannedRequest[]): Extract<Step, { do: "ask" }> => ({
  do: "ask",
  on,
  requests,
});

/** A header that announces too much; a half one; a message that never ends. */
const JUNK: readonly string[] = [
  "\x02\0\0\0\x01\0\0\0\0\0\0\0\x01\x10\0\0",
  "\x02\0\0\0\x01\0\0",
  "\x02\0\0\0\x01\0\0\0\0\0\0\0\x06\0\0\0/too",
  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];

const PATHS: readonly string[] = [
  ...["/a", "/a/b", "/a/b/c", "/a/c", "/a/b/d", "/e", "/e/f", "/", "/tool", "/tool/x"],
  ...["/local/domain/1", "/local/domain/1/x", "/local/domain/1/x/y", "/local/domain/1/z"],
  ...["/local/domain/2", "/local/domain/2/x", "/local/domain/2/x/y", "/local/domain/3/x"],
  ...["x", "x/y", "z", "data/deep/er", "/local/domain", "/local"],
];
const ODD_PATHS: readonly string[] = [
  ...["", "//", "/a/", "/a//b", "a b", "/a\xff", "@x", "/a@b", "a/", "/./..", "@releaseDomain"],
  ...["@introduceDomain", "@", "/-_@", `/long/${"n".repeat(300)}`, "x//y", "@a b"],
];
const path: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...PATHS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_PATHS) },
);
const watchPath = fc.oneof(
  { weight: 6, arbitrary: path },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "/",
      "@releaseDomain",
      "@introduceDomain",
      "/local/domain",
      "@other",
    ),
  },
);
const token = fc.constantFrom("t", "u", "", "a token", "\xfe");
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("", "v", "value", "\0", "a\0b\0", "\xff\x80") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("z".repeat(60), "z".repeat(90), "z".repeat(2020), "z".repeat(3000)),
  },
);
/** Entries of permissions. Of 4.17's numbers only what it reads like its successors. */
const entry = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .tuple(fc.constantFrom("n", "r", "w", "b"), fc.constantFrom(0, 1, 2, 3, 4, 9))
      .map(([letter, domid]) => `${letter}${domid}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("x1", "r", "", "r1x", "rr1", "R1", "1r", "n-1") },
);
const domid = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(1, 2, 3, 4).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("0", "9", "32752", "65535", "+1", " 2", "01") },
);
const ODD_NUMBERS: readonly string[] = ["x", "", "1x", "-1", "65536", "4294967296"];
const oddDomid = fc.oneof(
  { weight: 12, arbitrary: domid },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_NUMBERS) },
);

const T = MESSAGE;

/** Well-formed requests, by type, and how often. */
const plain = (on: Place): readonly [number, number, fc.Arbitrary<string>][] => {
  const one = path.map((each) => `${each}\0`);
  return [
    [6, T.read, one],
    [14, T.write, fc.tuple(path, value).map(([each, bytes]) => `${each}\0${bytes}`)],
    [6, T.mkdir, one],
    [6, T.rm, one],
    [4, T.directory, one],
    [
      2,
      T.directoryPart,
      fc.tuple(path, fc.constantFrom("0", "1", "2", "5", "1000", "x", "", "-1")).map(joinStrings),
    ],
    [
      4,
      T.getPerms,
      fc
        .oneof(
          { weight: 9, arbitrary: path },
          { weight: 1, arbitrary: fc.constantFrom("@releaseDomain", "@introduceDomain", "@x") },
        )
        .map((each) => `${each}\0`),
    ],
    [6, T.setPerms, permsPayload(on)],
    [12, T.watch, fc.tuple(watchPath, token).map(joinStrings)],
    [3, T.unwatch, fc.tuple(watchPath, token).map(joinStrings)],
    [1, T.resetWatches, fc.constantFrom("\0", "")],
    [7, T.transactionStart, fc.constantFrom("\0", "")],
    [7, T.transactionEnd, fc.constantFrom("T\0", "T\0", "T\0", "F\0")],
    [2, T.getDomainPath, oddDomid.map((each) => `${each}\0`)],
    [1, T.isDomainIntroduced, oddDomid.map((each) => `${each}\0`)],
    [isGuest(on) ? 0.3 : 3, T.introduce, introduction],
    [isGuest(on) ? 0.3 : 2, T.release, domid.map((each) => `${each}\0`)],
    [0.5, T.resume, domid.map((each) => `${each}\0`)],
    [0.5, T.setTarget, fc.tuple(domid, domid).map(joinStrings)],
    [0.5, T.control, fc.constantFrom("check\0", "print\0hello\0", "nothing\0", "")],
    [0.3, T.getFeature, fc.constantFrom("", "1\0")],
    [0.3, T.getQuota, fc.constantFrom("", "nodes\0")],
  ];
};

/** SET_PERMS of a special node by a guest, or of one that does not exist, ends xenstored 4.17 when there is a watch. */
const permsPayload = (on: Place): fc.Arbitrary<string> =>
  fc
    .tuple(
      path.filter(
        (each) => !each.startsWith("@") || (!isGuest(on) && PRESENT_SPECIAL.includes(each)),
      ),
      fc.array(entry, { minLength: 0, maxLength: 6 }),
    )
    .map(([each, entries]) => joinStrings([each, ...entries]));

const PRESENT_SPECIAL: readonly string[] = ["@releaseDomain", "@introduceDomain"];

const LIFECYCLE: ReadonlySet<number> = new Set([T.introduce, T.release, T.resume, T.setTarget]);

const introduction = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...DOMIDS).map(introducePayload) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        "1\0",
        "1\x001\0",
        "1\x001\x000\0",
        "4\x001\x009\0",
        "9\x001\x001\0",
        "",
        "0\x001\x001\0",
      ],
      ...["32752\x001\x001\0", "1\x001\0\0"],
    ),
  },
);

const ALL_TYPES: readonly number[] = Array.from({ length: 28 }, (_, type) => type);

/**
 * Any type with a payload that is not made for it. What would change the state in 4.17's reading of junk numbers is
 * left out: the rest of such a sequence would say nothing.
 */
const junk: fc.Arbitrary<{ readonly type: number; readonly payload: string }> = fc
  .tuple(
    fc.oneof(fc.constantFrom(...ALL_TYPES), fc.constantFrom(99, 0xffff, 0xffff_ffff)),
    fc.oneof(
      fc.constantFrom(
        "",
        "\0",
        "/a",
        "/a\0/b\0",
        "\0\0",
        "/a\0\0",
        "x",
        "/a\0t",
        "t\0",
        "T",
        "/a\0t\0x\0y\0",
      ),
      fc.array(fc.constantFrom("/a", "t", "1", "n0", "", "T"), { maxLength: 4 }).map(joinStrings),
      fc.string({ unit: "binary-ascii", maxLength: 12 }),
    ),
  )
  .map(([type, payload]) => ({ type, payload }))
  .filter(
    ({ type, payload }) =>
      !NEVER_JUNK.has(type) && (!ONE_PATH.has(type) || /^[^\0]*\0$/.test(payload)),
  );

/**
 * Anything but one string in these ends xenstored 4.17, or it answers with the last error of anybody. The recordings of
 * its successor have them.
 */
const ONE_PATH: ReadonlySet<number> = new Set([T.read, T.directory, T.getPerms, T.mkdir, T.rm]);

const NEVER_JUNK: ReadonlySet<number> = new Set([
  T.introduce,
  T.release,
  T.resume,
  T.setTarget,
  T.setFeature,
  T.setQuota,
  T.control,
]);

const transaction: fc.Arbitrary<TransactionRef> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 8, arbitrary: fc.constant("t0") },
  { weight: 3, arbitrary: fc.constant("t1") },
  { weight: 1, arbitrary: fc.constantFrom(99, 0xffff_ffff) },
);

const request = (on: Place): fc.Arbitrary<PlannedRequest> =>
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc
        .tuple(
          fc.oneof(
            ...plain(on).map(([weight, type, payload]) => ({
              weight: Math.ceil(weight * 10),
              arbitrary: payload.map((each) => ({ type, payload: each })),
            })),
          ),
          transaction,
        )
        .map(([{ type, payload }, tx]) => ({
          type,
          // A transaction in a transaction is EBUSY: once in a while is enough.
          tx:
            type === T.transactionStart && tx !== "t1"
              ? 0
              : type === T.transactionEnd && tx === 0
                ? "t0"
                : tx,
          payload,
        })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(junk, transaction)
        .map(([{ type, payload }, tx]) => ({ type, tx, payload })),
    },
  );
