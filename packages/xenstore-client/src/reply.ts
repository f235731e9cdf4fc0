import { binary, strings } from "@xenkit/xenstore-wire";
import { XenstoreError } from "./client-error.ts";
import { type Permissions, parsePermissions } from "./permissions.ts";
import { decodeText } from "./text.ts";

/** Nothing is looked at: the type of the reply says it. */
export const doneReply = (): void => {};

/** There is one. */
export const trueReply = (): true => true;

/** The bytes as they are, copied: the chunk they came in is used again. */
export const bytesReply = (payload: Uint8Array): Uint8Array => payload.slice();

/** UTF-8, nothing trimmed or added. */
export const textReply = (payload: Uint8Array): string => decodeText(payload);

/** Names of children, each ended by a NUL. */
export const listReply = (payload: Uint8Array): string[] => {
  const end = payload.length - 1;
  if (end >= 0 && payload[end] !== 0) throw broken("a list without a NUL at its end");
  return childNames(binary(payload, 0, Math.max(end, 0)));
};

/**
 * The names in a list, between NULs.
 *
 * @throws XenstoreError `protocol`: paths are made of them, so one that is no name would lead elsewhere.
 */
export const childNames = (list: string): string[] => {
  if (list === "") return [];
  const names = list.split("\0");
  if (list.includes("/") || names.includes("")) throw broken("a list with a name that is none");
  return names;
};

/** One string; a NUL at its end does not belong to it. */
export const stringReply = (payload: Uint8Array): string => {
  const end = payload[payload.length - 1] === 0 ? payload.length - 1 : payload.length;
  return decodeText(payload.subarray(0, end));
};

const DECIMAL = /^[0-9]{1,10}$/;

/** A decimal u32. */
export const numberReply = (payload: Uint8Array): number => {
  const text = stringReply(payload);
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (value > 0xffff_ffff || Number.isNaN(value)) throw broken(`${quote(text)}, no number`);
  return value;
};

/** A transaction's id: a decimal u32, not 0. */
export const txIdReply = (payload: Uint8Array): number => {
  const txId = numberReply(payload);
  if (txId === 0) throw broken("transaction id 0");
  return txId;
};

export const yesNoReply = (payload: Uint8Array): boolean => {
  const text = stringReply(payload);
  if (text !== "T" && text !== "F") throw broken(`${quote(text)}, neither T nor F`);
  return text === "T";
};

/** Names with blanks between them. */
export const namesReply = (payload: Uint8Array): string[] =>
  stringReply(payload)
    .split(" ")
    .filter((name) => name !== "");

export const permissionsReply = (payload: Uint8Array): Permissions => {
  try {
    return parsePermissions(strings(payload));
  } catch (cause) {
    throw broken("a malformed permission list", cause);
  }
};

/** A piece of a long child list. */
export interface ListPart {
  /** Changes when the list does. */
  readonly generation: string;
  /** Bytes of the list, as they would stand in one long reply; a binary string. */
  readonly names: string;
  readonly last: boolean;
}

export const listPartReply = (payload: Uint8Array): ListPart => {
  const text = binary(payload);
  const end = text.indexOf("\0");
  if (end === -1) throw broken("a part of a list without a generation");
  const generation = text.slice(0, end);
  const rest = text.slice(end + 1);
  const last = rest === "\0" || rest.endsWith("\0\0");
  const names = last ? rest.slice(0, -1) : rest;
  if (names === "" && !last) throw broken("an empty part that is not the last");
  return { generation, names, last };
};

const broken = (where: string, cause?: unknown): XenstoreError<"protocol"> =>
  new XenstoreError("protocol", `protocol: the server sent ${where}`, { where }, { cause });

/** A foreign string for a message: short, printable. */
const quote = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
