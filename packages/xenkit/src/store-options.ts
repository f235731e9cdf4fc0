import { atoi } from "@xenkit/xenstore-wire";
import type { StoreMode } from "./store-usage.ts";

/** What the options of a store command say. */
export interface StoreOptions {
  /** `-f`: whole paths instead of a tree. */
  readonly flat: boolean;
  /** `-p`: the path before a value, or the permissions. */
  readonly prefix: boolean;
  /** `-R`: values as they are, nothing escaped. */
  readonly raw: boolean;
  /** `-t`: remove parents that have become empty. */
  readonly tidy: boolean;
  /** `-r`: all children, too. */
  readonly recurse: boolean;
  /** `-u`: all parents, too. */
  readonly upto: boolean;
  /** `-n`: how many events; negative for no end. */
  readonly events: number;
  /** `--dir`: the directory of a host of ours. */
  readonly dir: string | undefined;
}

/** A command line of a store command, taken apart. */
export interface StoreLine {
  /** Undefined when the usage is what is wanted, or all that is left to say. */
  readonly options: StoreOptions | undefined;
  readonly operands: readonly string[];
  /** What is wrong with the options. As in C's getopt that stops nothing. */
  readonly complaints: readonly string[];
}

/** How a command line is read. */
export interface StoreLineOptions {
  /** `POSIXLY_CORRECT`: options end at the first operand. */
  readonly operandsEndOptions?: boolean;
  /** Take `--dir`, too, which Xen's programs do not have. */
  readonly hostDirectory?: boolean;
}

type Flag = Exclude<keyof StoreOptions, "events" | "dir">;

const FLAGS: Readonly<Record<string, Flag>> = {
  f: "flat",
  p: "prefix",
  R: "raw",
  t: "tidy",
  r: "recurse",
  u: "upto",
};

/** In the order in which an ambiguous one names them. Some commands take only some of them. */
const LONG: readonly (readonly [name: string, letter: string])[] = [
  ["help", "h"],
  ["flat", "f"],
  ["prefix", "p"],
  ["tidy", "t"],
  ["upto", "u"],
  ["recurse", "r"],
  ["number", "n"],
  ["raw", "R"],
];

/** `s`, a socket rather than the kernel, is taken by all and changes nothing. */
const TAKEN: Readonly<Record<StoreMode, string>> = {
  ls: "sfp",
  read: "spR",
  write: "sR",
  rm: "st",
  list: "sp",
  exists: "s",
  chmod: "sur",
  watch: "sn",
};

/**
 * Reads a command line as Xen's programs do, with C's getopt: options may stand anywhere, letters may be joined,
 * long names may be cut; what nobody knows is told and passed over; what only another command knows gives the usage.
 */
export const storeLine = (
  mode: StoreMode,
  args: readonly string[],
  { operandsEndOptions = false, hostDirectory = false }: StoreLineOptions = {},
): StoreLine => {
  const options = { ...NONE };
  const operands: string[] = [];
  const complaints: string[] = [];
  const usage = { options: undefined, operands, complaints };
  const rest = [...args];

  /** False when the usage is due. */
  const take = (letter: string, value: string): boolean => {
    if (!TAKEN[mode].includes(letter)) return false;
    const flag = FLAGS[letter];
    if (flag !== undefined) options[flag] = true;
    if (letter === "n") options.events = atoi(value);
    return true;
  };

  const takeLong = (text: string): boolean => {
    const [name = "", value] = split(text, "=");
    if (hostDirectory && name === "dir") {
      const dir = value ?? rest.shift();
      if (dir === undefined) complaints.push("option '--dir' requires an argument");
      else options.dir = dir;
      return dir !== undefined;
    }
    const exact = LONG.filter(([long]) => long === name);
    const found = exact.length > 0 ? exact : LONG.filter(([long]) => long.startsWith(name));
    const [first, second] = found;
    if (first === undefined) complaints.push(`unrecognized option '--${text}'`);
    else if (second !== undefined) {
      const all = found.map(([long]) => `'--${long}'`).join(" ");
      complaints.push(`option '--${text}' is ambiguous; possibilities: ${all}`);
    } else return takeNamed(first, value);
    return true;
  };

  const takeNamed = ([name, letter]: (typeof LONG)[number], value: string | undefined): boolean => {
    if (letter !== "n") {
      if (value === undefined) return take(letter, "");
      complaints.push(`option '--${name}' doesn't allow an argument`);
      return true;
    }
    const number = value ?? rest.shift();
    if (number !== undefined) return take(letter, number);
    complaints.push(`option '--${name}' requires an argument`);
    return true;
  };

  const takeLetters = (letters: string): boolean => {
    for (let index = 0; index < letters.length; index += 1) {
      const letter = letters[index] ?? "";
      if (!KNOWN.includes(letter)) complaints.push(`invalid option -- '${letter}'`);
      else if (letter === "n") {
        const value = letters.slice(index + 1) || rest.shift();
        if (value === undefined) complaints.push("option requires an argument -- 'n'");
        else return take(letter, value);
      } else if (!take(letter, "")) return false;
    }
    return true;
  };

  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") break;
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      if (operandsEndOptions) break;
    } else if (!(arg.startsWith("--") ? takeLong(arg.slice(2)) : takeLetters(arg.slice(1)))) {
      return usage;
    }
  }
  operands.push(...rest);
  return isEnough(mode, operands.length) ? { options, operands, complaints } : usage;
};

const NONE: { -readonly [K in keyof StoreOptions]: StoreOptions[K] } = {
  flat: false,
  prefix: false,
  raw: false,
  tidy: false,
  recurse: false,
  upto: false,
  events: -1,
  dir: undefined,
};

const KNOWN = `hsn${Object.keys(FLAGS).join("")}`;

const isEnough = (mode: StoreMode, count: number): boolean => {
  if (mode === "ls") return true;
  return mode === "write" ? count > 0 && count % 2 === 0 : count > 0;
};

const split = (text: string, sign: string): [string, string?] => {
  const at = text.indexOf(sign);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};
