import { changeHead, changeLine } from "./change-line.ts";
import { controlClient } from "./control-client.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Prints a line for each change of a domain, until the terminal ends.
 *
 * @throws XenkitError no-host; host-gone, when the host ends first.
 */
export const watch = async (
  directory: string,
  { json }: { readonly json: boolean },
  terminal: Terminal,
): Promise<void> => {
  for await (const change of controlClient(directory).changes(terminal.ended)) {
    if (change === undefined) {
      terminal.tell(`watching the host in ${directory}`);
      if (!json) terminal.print(changeHead);
    } else {
      terminal.print(json ? JSON.stringify(change) : changeLine(change));
    }
  }
};
