const SPELLED: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" };

/**
 * A value as `xenstore-read` and `xenstore-ls` show it: ASCII. Control bytes are `\t`, `\n`, `\r`, `\000` to `\007`,
 * `\x08` to `\x1f`; a backslash is two; bytes from 7f on are `\x7f` to `\xff`.
 */
export const escapeValue = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += escaped(byte);
  return text;
};

const escaped = (byte: number): string => {
  const spelled = SPELLED[byte];
  if (spelled !== undefined) return spelled;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return byte < 8 ? `\\00${byte}` : `\\x${byte.toString(16).padStart(2, "0")}`;
};

const CONTROL: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

/**
 * What `xenstore-write` makes of its argument: UTF-8 in which `\n`, `\r`, `\t`, one to three octal digits and `\x` with one
 * or two hexadecimal ones stand for a byte; other characters stand for themselves behind a backslash. A backslash at
 * the end is a NUL: so does C.
 */
export const unescapeValue = (text: string): Uint8Array => {
  const source = Buffer.from(text);
  const bytes: number[] = [];
  for (let at = 0; at < source.length; ) {
    const byte = source[at] ?? 0;
    at += 1;
    if (byte !== 0x5c) {
      bytes.push(byte);
      continue;
    }
    const rest = source.toString("latin1", at, at + 3);
    const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
    const hexadecimal = /^x[0-9a-fA-F]{1,2}/.exec(rest)?.[0];
    if (octal !== undefined) {
      // Up to 777, of which a byte has room for the lower 8 bits.
      bytes.push(Number.parseInt(octal, 8) & 0xff);
      at += octal.length;
    } else if (hexadecimal !== undefined) {
      bytes.push(Number.parseInt(hexadecimal.slice(1), 16));
      at += hexadecimal.length;
    } else {
      bytes.push(CONTROL[rest[0] ?? ""] ?? source[at] ?? 0);
      at += 1;
    }
  }
  return Uint8Array.from(bytes);
};
