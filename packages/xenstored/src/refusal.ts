import type { WireErrorName } from "@xenkit/xenstore-wire";

/**
 * Ends a request with an error reply, from where no reply can be returned. Never leaves the daemon.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly reply: WireErrorName;

  constructor(reply: WireErrorName) {
    super(`the request is refused: ${reply}`);
    this.reply = reply;
  }
}
