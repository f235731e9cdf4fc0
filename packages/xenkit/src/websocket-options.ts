import { InvalidArgumentError, Option } from "commander";
import { collect, numberIn } from "./option-values.ts";
import type { WebSocketFlags } from "./store-websocket.ts";

/** `--websocket` and `--websocket-origin`. */
export const websocketOptions = (): readonly Option[] => [
  new Option(
    "--websocket <[host:]port>",
    "serve the store to pages, on 127.0.0.1 unless told otherwise; port 0 for any",
  ).argParser(placeOf),
  new Option(
    "--websocket-origin <origin...>",
    "pages of these sites may connect, as http://localhost:5173; without it only programs may",
  )
    .argParser(collect(originOf))
    .implies({ websocket: { address: undefined, port: 0 } }),
];

const placeOf = (text: string): WebSocketFlags["websocket"] => {
  const [, address, port = ""] = /^(?:(\[[\da-f:.]+\]|[\w.-]+):)?(\d{1,5})$/i.exec(text) ?? [];
  if (port === "") throw new InvalidArgumentError("It must be PORT or HOST:PORT.");
  return { address: address?.replace(/^\[|\]$/g, ""), port: numberIn(0, 65_535)(port) };
};

const originOf = (text: string): string => {
  if (text !== "null" && URL.parse(text)?.origin === text) return text;
  throw new InvalidArgumentError("It must be SCHEME://HOST or SCHEME://HOST:PORT, no more.");
};
