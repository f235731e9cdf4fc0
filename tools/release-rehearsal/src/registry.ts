import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Manifest } from "@xenkit/pack-check";
import { must } from "./rehearsal-error.ts";

const START_MS = 30_000;

/** A registry on loopback. It has what was published to it and asks no other. */
export interface Registry extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  /** The lines of an .npmrc that make it the only registry and let anybody publish. */
  readonly npmrc: string;
  /** Publishes a tarball as it is; for packages that are not ours. */
  readonly put: (manifest: Manifest, tarball: Uint8Array) => Promise<void>;
  /** The versions it has of a package, in the order of publication. */
  readonly versions: (name: string) => Promise<readonly string[]>;
}

/** Starts verdaccio without uplinks on a free port; all that it keeps is in `folder`. */
export const startRegistry = async (verdaccio: string, folder: string): Promise<Registry> => {
  await mkdir(folder, { recursive: true });
  const config = join(folder, "config.yaml");
  await writeFile(config, CONFIG);
  const port = await freePort();
  const log = createWriteStream(join(folder, "log"));
  const args = [verdaccio, "--config", config, "--listen", `127.0.0.1:${port}`];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const url = `http://127.0.0.1:${port}/`;
  const stop = async (): Promise<void> => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    kill();
    await once(child, "exit");
  };
  try {
    await untilUp(child, url, join(folder, "log"));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    npmrc: `registry=${url}\n//127.0.0.1:${port}/:_authToken=anybody\n`,
    put: (manifest, tarball) => put(url, manifest, tarball),
    versions: async (name) => {
      const answer = await fetch(url + name.replace("/", "%2f"));
      if (answer.status === 404) return [];
      const { versions } = (await answer.json()) as { versions: Record<string, unknown> };
      return Object.keys(versions);
    },
    [Symbol.asyncDispose]: stop,
  };
};

const CONFIG = `storage: ./storage
uplinks: {}
packages:
  "**": { access: $all, publish: $all, unpublish: $all }
max_body_size: 100mb
log: { type: stdout, format: json, level: warn }
`;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  must(address !== null && typeof address === "object", "no free port");
  return address.port;
};

const untilUp = async (child: ChildProcess, url: string, log: string): Promise<void> => {
  const end = performance.now() + START_MS;
  for (;;) {
    const up = await fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return;
    const gone = child.exitCode !== null || child.signalCode !== null;
    if (gone || performance.now() > end)
      must(false, `the registry does not start; it said:\n${await readFile(log, "utf8")}`);
    await sleep(100);
  }
};

/** The document that a client sends to publish: what `npm publish` would. */
const put = async (url: string, manifest: Manifest, tarball: Uint8Array): Promise<void> => {
  const { name, version } = manifest;
  const file = `${name}-${version}.tgz`;
  const digest = (algorithm: string, encoding: "hex" | "base64"): string =>
    createHash(algorithm).update(tarball).digest(encoding);
  const dist = {
    shasum: digest("sha1", "hex"),
    integrity: `sha512-${digest("sha512", "base64")}`,
    tarball: `${url}${name}/-/${file}`,
  };
  const body = {
    _id: name,
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
    _attachments: {
      [file]: {
        content_type: "application/octet-stream",
        data: Buffer.from(tarball).toString("base64"),
        length: tarball.length,
      },
    },
  };
  const answer = await fetch(url + name.replace("/", "%2f"), {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  must(answer.ok, `cannot publish ${name}@${version}: ${answer.status} ${await answer.text()}`);
};
