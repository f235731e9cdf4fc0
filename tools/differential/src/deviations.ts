import type { MESSAGE } from "@xenkit/xenstore-wire";
import type { Step } from "./step.ts";

type RequestName = keyof typeof MESSAGE;

/**
 * What a daemon answers: the name of an error; `OK`: any reply that is none; `ERROR`: any error; `*`: anything; `same`: it does not differ
 * from ours.
 */
type Answer = string;

/** One way in which replies of ours are meant to differ. */
export interface Deviation {
  readonly requests: readonly RequestName[] | "any";
  /** Only in an open transaction. */
  readonly inTransaction?: true;
  /** Only of payloads (binary strings) that match. */
  readonly payload?: RegExp;
  readonly c: Answer;
  readonly ocaml: Answer;
  readonly ours: Answer;
  readonly why: string;
  /** The stores differ from here on: the rest of the sequence says nothing. */
  readonly ends?: true;
}

/** What may cause an event: a request, or a change of a domain. */
export type Cause = RequestName | Exclude<Step["do"], "ask">;

/** One way in which events of ours are meant to differ: one tells an event, another does not. */
export interface EventDeviation {
  readonly causes: readonly Cause[];
  /** Only of payloads (binary strings) that match. */
  readonly event?: RegExp;
  /** Only to guests: who may read everything is told. */
  readonly toGuests?: true;
  readonly c: "event" | "nothing" | "same";
  readonly ocaml: "event" | "nothing" | "same";
  readonly ours: "event" | "nothing";
  readonly why: string;
  readonly ends?: true;
}

/** Events that not all of them tell. */
export const EVENT_DEVIATIONS: readonly EventDeviation[] = [
  {
    causes: ["rm", "transactionEnd"],
    c: "same",
    ocaml: "event",
    ours: "nothing",
    why: "oxenstored tells watches below a removed node whether or not theirs existed",
  },
  {
    causes: ["release", "die", "destroy"],
    event: /^[^@]/,
    c: "same",
    ocaml: "nothing",
    ours: "event",
    why: "oxenstored: the nodes of a domain that ends go without an event",
  },
  {
    causes: ["write", "mkdir", "transactionEnd"],
    toGuests: true,
    c: "same",
    ocaml: "nothing",
    ours: "event",
    why: "oxenstored does not tell a guest of its own new node below one that it may not read",
  },
  {
    causes: ["create", "shut-down", "die", "destroy"],
    event: /^@releaseDomain\0/,
    c: "same",
    ocaml: "event",
    ours: "nothing",
    why: "oxenstored tells @releaseDomain at every VIRQ as long as a domain is shut down",
  },
  {
    causes: ["write", "setPerms", "mkdir", "rm", "transactionEnd"],
    event: /^\/\0/,
    c: "same",
    ocaml: "nothing",
    ours: "event",
    why: "oxenstored: nobody is told of a change of /",
  },
];

/** C and OCaml: xenstored and oxenstored 4.17.7 of Debian. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    requests: ["getPerms"],
    inTransaction: true,
    payload: /^@/,
    c: "EINVAL",
    ocaml: "same",
    ours: "*",
    ends: true,
    why: "special nodes show their permissions since 4.18, and the transaction has looked at them",
  },
  {
    requests: ["getFeature", "setFeature", "getQuota", "setQuota"],
    c: "ENOSYS",
    ocaml: "ENOSYS",
    ours: "*",
    why: "4.17 does not know the types 23 to 26",
  },
  {
    requests: ["watch"],
    payload: /^[^\0]*\0[^\0]*\0[^\0]*\0/,
    c: "EINVAL",
    ocaml: "EINVAL",
    ours: "OK",
    ends: true,
    why: "a third string is the depth since 4.22",
  },
  {
    requests: ["isDomainIntroduced", "getDomainPath"],
    c: "OK",
    ocaml: "OK",
    ours: "EINVAL",
    why: "4.17 reads domids with atoi: junk is 0, and there is no upper limit",
  },
  {
    requests: ["getPerms"],
    payload: /^@/,
    c: "EINVAL",
    ocaml: "same",
    ours: "*",
    why: "special nodes show their permissions since 4.18",
  },
  {
    requests: ["setPerms"],
    payload: /^@/,
    c: "EINVAL",
    ocaml: "same",
    ours: "ENOENT",
    why: "SET_PERMS of a special node that does not exist",
  },
  {
    requests: ["unwatch"],
    c: "ENOENT",
    ocaml: "ENOENT",
    ours: "EINVAL",
    why: "UNWATCH checks the path since 4.18",
  },
  {
    requests: ["watch"],
    payload: /^@[^\0]*[^A-Za-z0-9\-/_@\0]/,
    c: "OK",
    ocaml: "OK",
    ours: "EINVAL",
    ends: true,
    why: "4.17 does not check the letters of a special path",
  },
  {
    requests: ["watch"],
    c: "E2BIG",
    ocaml: "same",
    ours: "ENOSPC",
    why: "watches used up are ENOSPC since 4.22",
  },
  {
    requests: ["rm"],
    inTransaction: true,
    c: "EIO",
    ocaml: "same",
    ours: "OK",
    why: "RM in a transaction whose nodes went outside meanwhile; it cannot be committed",
  },
  {
    requests: ["rm"],
    inTransaction: true,
    c: "EINVAL",
    ocaml: "same",
    ours: "OK",
    why: "RM in a transaction whose nodes went outside meanwhile; it cannot be committed",
  },
  {
    requests: "any",
    c: "same",
    ocaml: "EIO",
    ours: "ERROR",
    why: "oxenstored: a transaction that is not open is EIO, before anything else",
  },
  {
    requests: ["directoryPart"],
    c: "same",
    ocaml: "ENOSYS",
    ours: "ERROR",
    why: "oxenstored: DIRECTORY_PART is for domain 0 only",
  },
  {
    requests: ["read", "directory", "getPerms", "setPerms", "rm"],
    c: "same",
    ocaml: "ENOENT",
    ours: "EACCES",
    why: "oxenstored: a node that does not exist is ENOENT to everybody",
  },
  {
    requests: ["read", "write", "mkdir", "rm", "directory", "getPerms"],
    payload: /^@/,
    c: "same",
    ocaml: "ERROR",
    ours: "EINVAL",
    why: "oxenstored: a path that begins with @ is one as any other",
  },
  {
    requests: ["setPerms"],
    c: "same",
    ocaml: "ERROR",
    ours: "ERROR",
    why: "oxenstored checks the arguments of SET_PERMS in another order",
  },
  {
    requests: ["resume"],
    c: "same",
    ocaml: "EINVAL",
    ours: "ENOENT",
    why: "oxenstored: RESUME of an unknown domain is EINVAL",
  },
  {
    requests: ["release"],
    c: "same",
    ocaml: "EINVAL",
    ours: "ENOENT",
    ends: true,
    why: "oxenstored: RELEASE of an unknown domain is EINVAL, and removes what it owns all the same",
  },
  {
    requests: ["release"],
    c: "same",
    ocaml: "ENOENT",
    ours: "EINVAL",
    ends: true,
    why: "oxenstored: RELEASE of domain 0 is ENOENT, and removes what it owns all the same",
  },
  {
    requests: ["transactionEnd"],
    c: "same",
    ocaml: "ENOENT",
    ours: "EINVAL",
    why: "oxenstored: without a transaction TRANSACTION_END does not look at its payload",
  },
  {
    requests: ["directoryPart"],
    c: "same",
    ocaml: "ENOSYS",
    ours: "OK",
    why: "oxenstored: DIRECTORY_PART is for domain 0 only",
  },
  {
    requests: ["rm"],
    c: "same",
    ocaml: "ENOENT",
    ours: "OK",
    why: "oxenstored: RM of a node that does not exist is ENOENT",
  },
  {
    requests: ["transactionEnd"],
    c: "ENOMEM",
    ocaml: "same",
    ours: "EAGAIN",
    why: "commit of nodes of a domain that has died meanwhile: 4.17 says ENOMEM",
  },
  {
    requests: ["transactionEnd"],
    c: "ENOMEM",
    ocaml: "same",
    ours: "OK",
    ends: true,
    why: "commit of nodes of a domain that has died meanwhile: they are left out, the rest is done",
  },
  {
    requests: ["write", "mkdir", "rm", "setPerms", "read", "directory"],
    payload: /^@/,
    c: "same",
    ocaml: "OK",
    ours: "ERROR",
    ends: true,
    why: "oxenstored: a path that begins with @ is one as any other",
  },
  {
    requests: ["setPerms"],
    c: "same",
    ocaml: "OK",
    ours: "ENOENT",
    ends: true,
    why: "oxenstored: a domain that does not exist can own a node",
  },
  {
    requests: ["rm"],
    payload: /^\/\0$/,
    c: "same",
    ocaml: "OK",
    ours: "EINVAL",
    ends: true,
    why: "oxenstored: RM of / empties the tree",
  },
  {
    requests: ["transactionEnd"],
    c: "same",
    ocaml: "OK",
    ours: "EAGAIN",
    ends: true,
    why: "oxenstored: commits when the answers would be the same; ours, too, unless it is made strict",
  },
  {
    requests: ["transactionEnd"],
    c: "same",
    ocaml: "EAGAIN",
    ours: "OK",
    ends: true,
    why: "oxenstored: a commit that repeats requests can meet what it did not see before",
  },
  {
    requests: ["mkdir"],
    c: "same",
    ocaml: "OK",
    ours: "EACCES",
    why: "oxenstored: MKDIR of a node that exists asks for no right",
  },
  {
    requests: ["rm"],
    c: "same",
    ocaml: "OK",
    ours: "EACCES",
    ends: true,
    why: "oxenstored: RM of a node that does not exist asks for no right",
  },
  {
    requests: ["control"],
    c: "same",
    ocaml: "OK",
    ours: "ERROR",
    why: "oxenstored answers CONTROL to guests, and knows other commands",
  },
  {
    requests: ["directory", "directoryPart"],
    c: "same",
    ocaml: "OK",
    ours: "OK",
    why: "oxenstored lists children by name, special nodes as well",
  },
  {
    requests: ["isDomainIntroduced", "getDomainPath"],
    c: "same",
    ocaml: "EINVAL",
    ours: "OK",
    why: "oxenstored reads domids with its own rules: blanks, a sign, an empty string are junk",
  },
  {
    requests: ["introduce", "release", "resume", "setTarget"],
    payload: /^[ +]|\0[ +]/,
    c: "same",
    ocaml: "EINVAL",
    ours: "OK",
    ends: true,
    why: "oxenstored reads domids with its own rules: blanks, a sign, an empty string are junk",
  },
  {
    requests: ["resume"],
    c: "same",
    ocaml: "OK",
    ours: "ERROR",
    why: "oxenstored: RESUME is OK whatever domain it names",
  },
  {
    requests: ["setTarget"],
    c: "same",
    ocaml: "OK",
    ours: "ERROR",
    ends: true,
    why: "oxenstored: the target of a domain may be one that is not there",
  },
  {
    requests: ["setPerms"],
    c: "same",
    ocaml: "OK",
    ours: "ENOSPC",
    ends: true,
    why: "oxenstored has no limit for the number of permissions",
  },
  {
    requests: ["introduce"],
    payload: /^0\0/,
    c: "same",
    ocaml: "EINVAL",
    ours: "OK",
    ends: true,
    why: "oxenstored: domain 0 cannot be introduced again",
  },
  {
    requests: ["read", "write", "mkdir", "rm", "directory", "getPerms", "setPerms"],
    inTransaction: true,
    c: "same",
    ocaml: "*",
    ours: "*",
    ends: true,
    why: "oxenstored: a transaction sees the store as it was at its start",
  },
  {
    requests: ["transactionStart"],
    c: "same",
    ocaml: "OK",
    ours: "OK",
    ends: true,
    why: "oxenstored: a commit that repeats its requests takes a number of a transaction for that",
  },
  {
    requests: ["transactionEnd"],
    c: "same",
    ocaml: "EINVAL",
    ours: "EAGAIN",
    ends: true,
    why: "oxenstored: a commit that cannot repeat its requests can be EINVAL",
  },
];
