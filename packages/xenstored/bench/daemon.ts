/** `daemon.ts KIND SOCKET`: our daemon on either engine, or an echo server; says when it serves. */
import { loadC } from "@xenkit/bench";
import { createStoreDaemon } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";

const [kind, path = ""] = process.argv.slice(2);

if (kind === "echo") {
  const { echo_serve } = loadC(new URL("./load.c", import.meta.url), {
    echo_serve: "int echo_serve(const char *path)",
  });
  process.exit(echo_serve(path));
}
const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
await serveUnix(daemon, path, { io: kind === "epoll" ? kind : "libuv" });
