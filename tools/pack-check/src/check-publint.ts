import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { Manifest } from "./public-packages.ts";

/** The findings of `publint --strict`. */
export const checkPublint = async (manifest: Manifest, tarball: Uint8Array): Promise<string[]> => {
  const data = new Uint8Array(tarball).buffer;
  const { messages } = await publint({ pack: { tarball: data }, strict: true });
  return messages
    .filter(({ type }) => type !== "suggestion")
    .map((message) => `publint: ${formatMessage(message, manifest) ?? message.code}`);
};
