/**
 * A name as it is safe to show on a terminal: control characters become `?`.
 *
 * Names come from Xenstore, where a guest may have put any bytes.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
