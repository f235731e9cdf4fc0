import { FEATURE } from "@xenkit/xenstore-client";
import { describe, expect, test } from "vitest";
import { type Context, coded } from "./context.ts";

export const domains = (context: () => Context): void => {
  describe("domains", () => {
    test("a domain is introduced, watched for, and released", async () => {
      const { client, server } = context();
      const { domid, gfn, port } = server.createDomain();
      await using introduced = client.watch("@introduceDomain");
      await using released = client.watch("@releaseDomain");
      await introduced.next();
      await released.next();
      expect(await client.isIntroduced(domid)).toBe(false);
      await client.introduce(domid, gfn, port);
      expect(await client.isIntroduced(domid)).toBe(true);
      expect((await introduced.next()).value).toEqual({ path: "@introduceDomain", missed: 0 });
      await client.resume(domid);
      await client.release(domid);
      expect((await released.next()).value).toEqual({ path: "@releaseDomain", missed: 0 });
      expect(await client.isIntroduced(domid)).toBe(false);
    });

    test("a domain may act for another", async () => {
      const { client, server } = context();
      const [stub, target] = [server.createDomain(), server.createDomain()];
      for (const { domid, gfn, port } of [stub, target]) await client.introduce(domid, gfn, port);
      await client.setTarget(stub.domid, target.domid);
      await client.release(stub.domid);
      await client.release(target.domid);
    });

    test("every domid has a home", async () => {
      const { client } = context();
      expect(await client.domainPath(17)).toBe("/local/domain/17");
    });

    test("what is no domain is refused as this server does", async () => {
      const { client, ways } = context();
      await expect(client.release(4711)).rejects.toEqual(coded(ways.releaseUnknown));
      await expect(client.introduce(4711, 1, 1)).rejects.toMatchObject({ name: "XenstoreError" });
    });

    test("special nodes are the server's business", async () => {
      const { client, ways } = context();
      const outcome = await client.write("@releaseDomain", "").then(
        () => "done",
        (error: { code: string }) => error.code,
      );
      expect(outcome).toBe(ways.specialWrite);
    });

    test("features are a set of flags, where the server has them", async () => {
      const { client, server, ways } = context();
      if (ways.features === "ENOSYS") {
        await expect(client.features()).rejects.toEqual(coded("ENOSYS"));
        return;
      }
      expect((await client.features()) & FEATURE.watchDepth).toBe(FEATURE.watchDepth);
      const { domid } = server.createDomain();
      await client.setDomainFeatures(domid, FEATURE.error);
      expect(await client.domainFeatures(domid)).toBe(FEATURE.error);
    });

    test("quotas have names and numbers, where the server has them", async () => {
      const { client, server, ways } = context();
      if (ways.quotas === "ENOSYS") {
        await expect(client.quotaNames()).rejects.toEqual(coded("ENOSYS"));
        return;
      }
      expect(await client.quotaNames()).toContain("nodes");
      const before = await client.quota("watches");
      await client.setQuota("watches", before + 1);
      expect(await client.quota("watches")).toBe(before + 1);
      await client.setQuota("watches", before);
      const { domid } = server.createDomain();
      await client.setDomainQuota(domid, "nodes", 17);
      expect(await client.domainQuota(domid, "nodes")).toBe(17);
    });

    test("control asks the daemon itself", async () => {
      const { client, ways } = context();
      const [command, answer] = ways.control;
      expect(await client.control([command, ...(command === "print" ? ["hello"] : [])])).toContain(
        answer,
      );
    });
  });
};
