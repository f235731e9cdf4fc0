import type { Host } from "@xenkit/host";
import type { Logger } from "pino";
import { createChangeFeed } from "./change-feed.ts";
import { controlApp } from "./control-app.ts";
import type { HostAnswer } from "./control-protocol.ts";
import { serveControl } from "./control-server.ts";
import { changeAnswer } from "./domain-answer.ts";
import type { Metrics } from "./metrics.ts";
import { serving } from "./serving.ts";

/** What is served of a host, apart from its Xenstore. */
export interface ServeHostOptions {
  /** Its `control` is where the control protocol is served. */
  readonly description: HostAnswer;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Serves the control protocol of a host until disposed; logs each change of a domain.
 *
 * @throws XenkitError cannot-serve.
 */
export const serveHost = async (
  host: Host,
  { description, metrics, logger }: ServeHostOptions,
): Promise<AsyncDisposable> => {
  const feed = createChangeFeed();
  const stop = host.onChange((change, name) => {
    logger.info({ kind: change.kind, domid: change.domain.domid, name }, "domain changed");
    feed.publish(changeAnswer(change, name, new Date()));
  });
  const onError = (error: unknown): void => logger.error(error);
  const app = controlApp({ host, description, feed, metrics, onError });
  const { control } = description;
  const server = await serving(control, serveControl(app, control));
  return {
    [Symbol.asyncDispose]: async () => {
      stop();
      // First its readers: the server waits for them.
      feed[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};
