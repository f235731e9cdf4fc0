import type { Guest, Host } from "@xenkit/host";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import type { ChangeFeed } from "./change-feed.ts";
import { ControlFailure, controlFailure, refusalOf } from "./control-failure.ts";
import {
  BODY_MAX,
  type DomainAnswer,
  type HostAnswer,
  SHUTDOWN_REASONS,
} from "./control-protocol.ts";
import { anyDomid, createRequest, guestDomid, shutdownRequest } from "./control-schemas.ts";
import { domainAnswer, usageAnswer } from "./domain-answer.ts";
import type { Metrics } from "./metrics.ts";

/** What the control protocol is served from. */
export interface ControlAppOptions {
  readonly host: Host;
  readonly description: HostAnswer;
  readonly feed: ChangeFeed;
  readonly metrics: Metrics;
  /** Told of a failure that is no request's fault. */
  readonly onError: (error: unknown) => void;
}

/** Adding a deed is adding a line here, and a command of the same name. */
const DEEDS: Record<string, (guest: Guest, c: Context) => Promise<void>> = {
  pause: (guest) => guest.pause(),
  unpause: (guest) => guest.unpause(),
  resume: (guest) => guest.resume(),
  shutdown: async (guest, c) => {
    const { reason = "poweroff" } = await body(c, shutdownRequest);
    await guest.shutdown(SHUTDOWN_REASONS.indexOf(reason));
  },
};

/** The control protocol of one host, without a socket. */
export const controlApp = ({
  host,
  description,
  feed,
  metrics,
  onError,
}: ControlAppOptions): Hono => {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: BODY_MAX, onError: tooLarge }));

  app.get("/v1/host", (c) => c.json(description));

  app.get("/v1/domains", (c) => c.json({ domains: host.domains().map(domainAnswer) }));

  app.get("/v1/usage", (c) => c.json({ usages: host.store.daemon.usages().map(usageAnswer) }));

  app.get("/v1/domains/:domid/usage", (c) => {
    const domid = domidOf(c.req.param("domid"), anyDomid);
    const usage = host.store.daemon.usage(domid);
    if (usage === undefined) {
      throw new ControlFailure(404, "ENOENT", `Xenstore knows no domain ${domid}`);
    }
    return c.json({ usage: usageAnswer(usage) });
  });

  app.get("/metrics", async (c) =>
    c.body(await metrics.text(), 200, { "content-type": metrics.contentType }),
  );

  app.post("/v1/domains", async (c) => {
    const { guests } = await body(c, createRequest);
    const made: DomainAnswer[] = [];
    for (const wanted of guests) {
      const guest = await host.createGuest(wanted).catch((error: unknown) => {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        throw new ControlFailure(refusal.status, refusal.code, refusal.message, made);
      });
      made.push(answerOf(host, guest));
    }
    return c.json({ domains: made }, 201);
  });

  app.post("/v1/domains/:domid/:deed", async (c) => {
    const deed = Object.hasOwn(DEEDS, c.req.param("deed")) ? DEEDS[c.req.param("deed")] : undefined;
    if (deed === undefined) throw unknownRoute(c);
    const guest = guestOf(host, c.req.param("domid"));
    await deed(guest, c);
    return c.json({ domain: answerOf(host, guest) });
  });

  app.delete("/v1/domains/:domid", async (c) => {
    const guest = guestOf(host, c.req.param("domid"));
    const domain = answerOf(host, guest);
    await guest.destroy();
    return c.json({ domain });
  });

  app.get("/v1/changes", (c) =>
    c.body(feed.open(), 200, { "content-type": "application/x-ndjson" }),
  );

  app.notFound((c) => failed(c, unknownRoute(c)));
  app.onError((error, c) => {
    const failure = error instanceof ControlFailure ? error : refusalOf(error);
    if (failure !== undefined) return failed(c, failure);
    // A client that went away in the middle of its request is no failure of ours.
    if (!c.req.raw.signal.aborted) onError(error);
    return failed(c, controlFailure(500, "internal", "the host failed: its log says more"));
  });
  return app;
};

const failed = (c: Context, failure: ControlFailure): Response =>
  c.json(failure.answer(), failure.status);

const tooLarge = (c: Context): Response =>
  failed(c, controlFailure(413, "too-large", `a body may have ${BODY_MAX} bytes`));

const unknownRoute = (c: Context): ControlFailure =>
  controlFailure(404, "unknown-route", `there is no ${c.req.method} ${c.req.path}`);

/** The checked body of a request. An empty one counts as `{}`. */
const body = async <T>(c: Context, schema: v.GenericSchema<T>): Promise<T> => {
  const text = await c.req.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw controlFailure(400, "bad-request", `the body is no JSON: ${(error as Error).message}`);
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw controlFailure(400, "bad-request", issueText(result.issues[0]));
};

const issueText = (issue: v.BaseIssue<unknown>): string => {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
};

const guestOf = (host: Host, text: string): Guest => {
  const domid = domidOf(text, guestDomid);
  const guest = host.guest(domid);
  if (guest === undefined) throw new ControlFailure(404, "ESRCH", `there is no domain ${domid}`);
  return guest;
};

const domidOf = (text: string, schema: v.GenericSchema<number>): number => {
  const domid = v.safeParse(schema, /^\d{1,5}$/.test(text) ? Number(text) : text);
  if (domid.success) return domid.output;
  throw controlFailure(400, "bad-request", `domid: ${issueText(domid.issues[0])}`);
};

const answerOf = (host: Host, { domid }: Guest): DomainAnswer => {
  const domain = host.domain(domid);
  if (domain === undefined) throw new ControlFailure(404, "ESRCH", `there is no domain ${domid}`);
  return domainAnswer(domain);
};
