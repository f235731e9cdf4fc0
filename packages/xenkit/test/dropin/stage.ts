import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createHost } from "@xenkit/host";
import { listen } from "@xenkit/host/node";
import { startDaemon } from "@xenkit/oracle";
import { type Client, connect } from "@xenkit/xenstore-client";
import { unix } from "@xenkit/xenstore-client/unix";

/** A daemon with domains 1 and 2, for the whole table. */
export interface Stage extends AsyncDisposable {
  readonly socketPath: string;
  readonly folder: string;
  readonly client: Client;
}

/** The guests that permissions may name. */
const DOMIDS = [1, 2];

/** Debian's C daemon. */
export const cDaemon = async (): Promise<Stage> => {
  const daemon = await startDaemon({ kind: "c" });
  const started = await stage(daemon.socketPath, () => daemon.stop());
  for (const domid of DOMIDS) {
    const { port } = daemon.hypervisor.createDomain({ domid });
    await started.client.introduce(domid, 1000 + domid, port);
  }
  return started;
};

/** Our daemon. */
export const ourDaemon = async (): Promise<Stage> => {
  const host = await createHost();
  for (const domid of DOMIDS) await host.createGuest({ domid });
  const folder = mkdtempSync(join(tmpdir(), "xenkit-dropin-"));
  const server = await listen(host, join(folder, "socket"));
  return stage(join(folder, "socket"), async () => {
    await server.close();
    await host[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
};

const stage = async (socketPath: string, stop: () => Promise<unknown>): Promise<Stage> => {
  const client = await connect(unix(socketPath));
  return {
    socketPath,
    folder: dirname(socketPath),
    client,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await stop();
    },
  };
};

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const FIXTURE: readonly (readonly [path: string, value: string | Uint8Array])[] = [
  ["/t/a", "1"],
  ["/t/b", "two"],
  ["/t/empty", ""],
  ["/t/bytes", ALL_BYTES],
  ["/t/text", 'say "é"\\\n'],
  ["/t/p/q/r", ""],
  ["/t/deep/x/y/z", "v"],
  ["/t/valued/k", ""],
  ["/t/valued", "kept"],
  ["/t/wide", "w".repeat(200)],
  ["/rel", ""],
  ["rel/k", "here"],
];

/** Makes the store what every invocation begins with: the fixture and `setup`, nothing else. */
export const reset = async ({ client }: Stage, setup: typeof FIXTURE): Promise<void> => {
  await client.transaction(async (tx) => {
    for (const name of await tx.list("/")) await tx.rm(`/${name}`);
    await tx.write("/", "");
    await tx.setPerms("/", { owner: 0, others: "read", entries: [] });
    await Promise.all([...FIXTURE, ...setup].map(([path, value]) => tx.write(path, value)));
    await tx.setPerms("/t/b", {
      owner: 1,
      others: "none",
      entries: [{ domid: 2, access: "both" }],
    });
  });
};

/** All of the store: a line for each node. */
export const dump = async ({ client }: Stage): Promise<string[]> => {
  const lines: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const [value, perms, names] = await Promise.all([
      client.readBytes(path),
      client.getPerms(path),
      client.list(path),
    ]);
    const text = JSON.stringify(Buffer.from(value).toString("latin1"));
    const list = [{ domid: perms.owner, access: perms.others }, ...perms.entries];
    const permissions = list.map(({ domid, access }) => `${access[0]}${domid}`);
    lines.push(`${path} ${text} ${permissions}`);
    for (const name of names) await visit(path === "/" ? `/${name}` : `${path}/${name}`);
  };
  await visit("/");
  return lines;
};
