import { afterAll, beforeAll, describe } from "vitest";
import { SERVERS, type Server } from "./servers.ts";
import { contextOf } from "./suite/context.ts";
import { domains } from "./suite/domains.ts";
import { life } from "./suite/life.ts";
import { nodes } from "./suite/nodes.ts";
import { pipelining } from "./suite/pipelining.ts";
import { transactions } from "./suite/transactions.ts";
import { trees } from "./suite/trees.ts";
import { values } from "./suite/values.ts";
import { watches } from "./suite/watches.ts";

describe.each(SERVERS)("a client of $name", (kind) => {
  let server: Server | undefined;
  beforeAll(async () => {
    server = await kind.start();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  const context = contextOf(kind, () => server as Server);
  values(context);
  nodes(context);
  pipelining(context);
  watches(context);
  transactions(context);
  trees(context);
  domains(context);
  life(context);
});
