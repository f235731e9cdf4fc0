import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import * as v from "valibot";
import type { ChangeAnswer, DomainAnswer } from "./control-protocol.ts";
import { ownerOf } from "./directory-lock.ts";
import { quoted } from "./quoted.ts";
import { socketPaths } from "./sockets.ts";
import { XenkitError } from "./xenkit-error.ts";

/** One call of the control protocol. */
interface ControlCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** Speaks the control protocol with the host of one directory. */
export interface ControlClient {
  /**
   * Makes a call.
   *
   * @returns The answer's JSON.
   * @throws XenkitError no-host, host-gone, refused, bad-answer.
   */
  readonly call: (call: ControlCall) => Promise<unknown>;
  /**
   * Follows the changes. The first value, `undefined`, says that from now on none is missed.
   *
   * @throws XenkitError as {@link call}; host-gone when the stream ends before `signal` is aborted.
   */
  readonly changes: (signal: AbortSignal) => AsyncGenerator<ChangeAnswer | undefined>;
}

/** @throws XenkitError path-too-long */
export const controlClient = (directory: string): ControlClient => {
  const socketPath = socketPaths(directory).control;

  const send = (
    { method, path, body }: ControlCall,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
    return new Promise((resolve, reject) => {
      const options = { socketPath, method, path, headers, agent: false };
      request(signal === undefined ? options : { ...options, signal }, resolve)
        .once("error", (cause) => reject(unreachable(directory, cause)))
        .end(payload);
    });
  };

  return {
    call: async (call) => {
      const response = await send(call);
      const status = response.statusCode ?? 0;
      const answer = parse(await textOf(response, directory), status);
      if (status < 300) return answer;
      throw refusalOf(answer, status);
    },
    changes: async function* (signal) {
      const response = await send({ method: "GET", path: "/v1/changes" }, signal);
      const status = response.statusCode ?? 0;
      if (status !== 200) throw refusalOf(parse(await textOf(response, directory), status), status);
      try {
        for await (const line of createInterface({ input: response })) {
          yield line === "" ? undefined : changeOf(parse(line, status), status);
        }
      } catch (cause) {
        if (cause instanceof XenkitError) throw cause;
        if (!signal.aborted) throw gone(directory, cause);
      } finally {
        response.destroy();
      }
      if (!signal.aborted) throw gone(directory);
    },
  };
};

const textOf = async (response: IncomingMessage, directory: string): Promise<string> => {
  try {
    return await text(response);
  } catch (cause) {
    throw gone(directory, cause);
  }
};

const parse = (text: string, status: number): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badAnswer(status, cause);
  }
};

const refusal = v.object({ error: v.object({ code: v.string(), message: v.string() }) });

const refusalOf = (answer: unknown, status: number): XenkitError => {
  const parsed = v.safeParse(refusal, answer);
  if (!parsed.success) return badAnswer(status);
  const { code: reason, message } = parsed.output.error;
  return new XenkitError("refused", message, { reason, status }, { cause: answer });
};

/** A line with an `error` is the host's last word. */
const changeOf = (line: unknown, status: number): ChangeAnswer => {
  if (v.is(refusal, line)) throw refusalOf(line, status);
  return line as ChangeAnswer;
};

/** The domains in a call's answer: of a refused creation, too, where they are what was made before. */
export const domainsIn = (answer: unknown): readonly DomainAnswer[] =>
  (answer as { readonly domains?: readonly DomainAnswer[] } | undefined)?.domains ?? [];

const badAnswer = (status: number, cause?: unknown): XenkitError<"bad-answer"> => {
  const message = `what answers on the control socket is no xenkit host (status ${status})`;
  return new XenkitError("bad-answer", message, { status }, { cause });
};

const gone = (directory: string, cause?: unknown): XenkitError<"host-gone"> =>
  new XenkitError("host-gone", `the host in ${directory} went away`, { directory }, { cause });

const unreachable = (directory: string, cause: NodeJS.ErrnoException): XenkitError => {
  if (cause.code === "ENOENT" || cause.code === "ECONNREFUSED" || cause.code === "ENOTDIR") {
    const pid = ownerOf(directory);
    const message =
      pid === undefined
        ? `no host is running in ${directory}; start one with: xenkit up --dir ${quoted(directory)}`
        : `the host in ${directory} (pid ${pid}) is just starting or stopping: try again`;
    return new XenkitError("no-host", message, { directory }, { cause });
  }
  if (cause.code === "EACCES") {
    const message = `no access to the host in ${directory}: it belongs to another user`;
    return new XenkitError("no-host", message, { directory }, { cause });
  }
  return gone(directory, cause);
};
