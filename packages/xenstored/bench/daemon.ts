/** `daemon.ts KIND SOCKET`: our daemon on either engine, or an echo server in C or on libuv. */
import { createServer } from "node:net";
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
if (kind === "echo-libuv") {
  createServer((socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => {});
  }).listen(path);
} else {
  const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
  await serveUnix(daemon, path, { io: kind === "epoll" ? kind : "libuv" });
}
