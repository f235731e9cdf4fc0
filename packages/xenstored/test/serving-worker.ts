/** Serves a daemon in a worker until it is told anything. */
import { parentPort, workerData } from "node:worker_threads";
import { createStoreDaemon } from "@xenkit/xenstored";
import { type Engine, serveUnix } from "@xenkit/xenstored/node";

const { path, io } = workerData as { readonly path: string; readonly io: Engine };
const daemon = createStoreDaemon({ domains: { getDomainInfo: () => undefined } });
const server = await serveUnix(daemon, path, { io });
parentPort?.once("message", () => {
  server.close().catch((error: unknown) => {
    throw error;
  });
});
parentPort?.postMessage("ready");
