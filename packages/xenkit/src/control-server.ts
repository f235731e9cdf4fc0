import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

/** Serves the control protocol on a unix socket until disposed. The path must be free. */
export const serveControl = async (app: Hono, path: string): Promise<AsyncDisposable> => {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // What is still being answered gets a moment; nobody may keep the host from stopping.
        setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
      }),
  };
};

const GRACE_MS = 500;
