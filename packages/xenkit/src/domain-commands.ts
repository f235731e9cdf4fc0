import { controlClient, domainsIn } from "./control-client.ts";
import {
  CREATE_MAX,
  type CreateRequest,
  type DomainUsageAnswer,
  type ShutdownRequest,
} from "./control-protocol.ts";
import { domainTable } from "./domain-table.ts";
import { creationProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";
import { usageTable } from "./usage-table.ts";
import { failureText, isXenkitError } from "./xenkit-error.ts";

/** What `domain create` was told. */
export interface CreateOptions {
  readonly name?: string;
  readonly domid?: number;
  /** 1 if missing. */
  readonly count?: number;
  readonly xenstore?: true;
}

/** The `domain` commands. Each throws XenkitError as a `ControlClient` does. */
export interface DomainCommands {
  /** Prints all domains: a table, or JSON. */
  readonly list: (options: { readonly json: boolean }) => Promise<void>;
  /** Prints the domid of each domain as it is made. What was made before a failure stays. */
  readonly create: (options: CreateOptions) => Promise<void>;
  /** Does one thing to each of the domains, and goes on after a refusal. */
  readonly act: (deed: string, domids: readonly number[], body?: ShutdownRequest) => Promise<void>;
  /** Prints what domains use of their quotas; without any, of all that Xenstore knows. */
  readonly usage: (domids: readonly number[], options: { readonly json: boolean }) => Promise<void>;
  readonly destroy: (domids: readonly number[]) => Promise<void>;
}

export const domainCommands = (directory: string, terminal: Terminal): DomainCommands => {
  const client = controlClient(directory);

  /** All are tried; every refusal is told, the last one by who called us. */
  const each = async (
    domids: readonly number[],
    deed: (domid: number) => Promise<unknown>,
  ): Promise<void> => {
    let refusal: Error | undefined;
    for (const domid of new Set(domids)) {
      try {
        await deed(domid);
      } catch (error) {
        if (!isXenkitError(error, "refused")) throw error;
        if (refusal !== undefined) terminal.tell(failureText(refusal));
        refusal = error;
      }
    }
    if (refusal !== undefined) throw refusal;
  };

  return {
    list: async ({ json }) => {
      const answer = await client.call({ method: "GET", path: "/v1/domains" });
      if (json) terminal.print(JSON.stringify(domainsIn(answer), undefined, 2));
      else for (const line of domainTable(domainsIn(answer))) terminal.print(line);
    },

    create: async (options) => {
      const total = options.count ?? 1;
      const progress = creationProgress(total, terminal);
      for (let made = 0; made < total && !terminal.ended.aborted; made += CREATE_MAX) {
        const guests = guestsOf(options, made, Math.min(CREATE_MAX, total - made));
        const report = (answer: unknown): void => {
          for (const { domid } of domainsIn(answer)) terminal.print(String(domid));
        };
        try {
          report(await client.call({ method: "POST", path: "/v1/domains", body: { guests } }));
        } catch (error) {
          progress.end();
          if (isXenkitError(error, "refused")) report(error.cause);
          throw error;
        }
        progress.at(made + guests.length);
      }
      progress.end();
    },

    act: (deed, domids, body) =>
      each(domids, (domid) =>
        client.call({
          method: "POST",
          path: `/v1/domains/${domid}/${deed}`,
          ...(body === undefined ? {} : { body }),
        }),
      ),

    usage: async (domids, { json }) => {
      const usages: DomainUsageAnswer[] = [];
      if (domids.length === 0) {
        const answer = await client.call({ method: "GET", path: "/v1/usage" });
        usages.push(...(answer as { readonly usages: readonly DomainUsageAnswer[] }).usages);
      }
      for (const domid of domids) {
        const answer = await client.call({ method: "GET", path: `/v1/domains/${domid}/usage` });
        usages.push((answer as { readonly usage: DomainUsageAnswer }).usage);
      }
      if (json) terminal.print(JSON.stringify(usages, undefined, 2));
      else for (const line of usageTable(usages)) terminal.print(line);
    },

    destroy: (domids) =>
      each(domids, (domid) => client.call({ method: "DELETE", path: `/v1/domains/${domid}` })),
  };
};

/** The guests `made + 1` to `made + size` of a creation. */
const guestsOf = (options: CreateOptions, made: number, size: number): CreateRequest["guests"] =>
  Array.from({ length: size }, (_, index) => ({
    ...(options.name === undefined
      ? {}
      : {
          name: options.count === undefined ? options.name : `${options.name}-${made + index + 1}`,
        }),
    ...(options.domid === undefined ? {} : { domid: options.domid }),
    ...(options.xenstore === true ? { xenstore: true } : {}),
  }));
