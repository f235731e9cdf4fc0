import { spawn } from "node:child_process";
import { once } from "node:events";
import { interop } from "./interop.ts";
import { scratchFolder } from "./scratch-folder.ts";

const PATH = "/usr/bin/chromium";

/** Whether there is a browser for {@link openInChromium}. As {@link interop}. */
export const chromiumInstalled = (): boolean => interop([{ path: PATH, debian: "chromium" }]);

/**
 * Opens a page in a browser without a window, until disposed. All names below `example` are this machine's there.
 *
 * @param url - The page: it tells by itself how it fares, for example by `fetch`.
 */
export const openInChromium = (url: string): AsyncDisposable => {
  const profile = `--user-data-dir=${scratchFolder()}`;
  const names = "--host-resolver-rules=MAP *.example 127.0.0.1";
  const args = ["--headless", "--no-sandbox", "--disable-gpu", profile, names, url];
  const child = spawn(PATH, args, { stdio: "ignore" });
  return {
    [Symbol.asyncDispose]: async () => {
      if (child.kill()) await once(child, "exit");
    },
  };
};
