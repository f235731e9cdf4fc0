import {
  type Client,
  isXenstoreError,
  type Permissions,
  type Transaction,
  type TreeNode,
  type XenstoreErrorCode,
} from "@xenkit/xenstore-client";
import { expectTypeOf, test } from "vitest";

test("the types say what comes", () => {
  type Answer<K extends keyof Client> = Client[K] extends (...args: never[]) => infer R ? R : never;
  expectTypeOf<Answer<"read">>().toEqualTypeOf<Promise<string>>();
  expectTypeOf<Answer<"readBytes">>().toEqualTypeOf<Promise<Uint8Array>>();
  expectTypeOf<Answer<"list">>().toEqualTypeOf<Promise<string[]>>();
  expectTypeOf<Answer<"exists">>().toEqualTypeOf<Promise<boolean>>();
  expectTypeOf<Answer<"getPerms">>().toEqualTypeOf<Promise<Permissions>>();
  expectTypeOf<Answer<"tree">>().toEqualTypeOf<Promise<TreeNode>>();
  expectTypeOf<Answer<"begin">>().toEqualTypeOf<Promise<Transaction>>();
  expectTypeOf<Answer<"isIntroduced">>().toEqualTypeOf<Promise<boolean>>();
});

test("a code narrows an error's details", () => {
  const error: unknown = undefined;
  if (isXenstoreError(error, "ENOENT")) expectTypeOf(error.details.name).toEqualTypeOf<string>();
  if (isXenstoreError(error, "conflict")) {
    expectTypeOf(error.details).toEqualTypeOf<{ readonly attempts: number }>();
  }
  if (isXenstoreError(error)) expectTypeOf(error.code).toEqualTypeOf<XenstoreErrorCode>();
});

test("a transaction's result is its body's", () => {
  const run = (client: Client) => client.transaction(async (tx) => (await tx.list("/")).length);
  expectTypeOf(run).returns.toEqualTypeOf<Promise<number>>();
});
