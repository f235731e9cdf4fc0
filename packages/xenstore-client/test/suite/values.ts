import { describe, expect, test } from "vitest";
import { type Context, coded, rejection } from "./context.ts";

export const values = (context: () => Context): void => {
  describe("values", () => {
    test.each([
      ["empty text", ""],
      ["blanks and line ends", "  a \r\n"],
      ["text beyond ASCII", "größe 大きさ 🦊"],
      ["a byte order mark", "\ufeffx"],
      ["NULs", "\0a\0\0"],
      ["text longer than a short string", "ab".repeat(400)],
    ])("read gives what write took: %s", async (_, text) => {
      const { client, root } = context();
      await client.write(root, text);
      expect(await client.read(root)).toBe(text);
      expect(await client.readBytes(root)).toEqual(new TextEncoder().encode(text));
    });

    test("every byte is a value", async () => {
      const { client, root } = context();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await client.write(root, bytes);
      expect(await client.readBytes(root)).toEqual(bytes);
    });

    test("the bytes of a write are the caller's again at once", async () => {
      const { client, root } = context();
      const bytes = new Uint8Array([1, 2, 3]);
      const written = client.write(root, bytes);
      bytes.fill(9);
      await written;
      expect(await client.readBytes(root)).toEqual(new Uint8Array([1, 2, 3]));
    });

    test("bytes that are no UTF-8 read as U+FFFD, and exactly as bytes", async () => {
      const { client, root } = context();
      await client.write(root, new Uint8Array([0x61, 0xff]));
      expect(await client.read(root)).toBe("a\ufffd");
      expect(await client.readBytes(root)).toEqual(new Uint8Array([0x61, 0xff]));
    });

    test("the largest value is written and read whole", async () => {
      const { client, root, ways } = context();
      const value = new Uint8Array(ways.valueMax).fill(7);
      await client.write(`${root}/abc`, value);
      expect(await client.readBytes(`${root}/abc`)).toEqual(value);
    });

    test("a value that fits no message is refused before it is sent", async () => {
      const { client, root, tap } = context();
      const sends = tap.sends;
      const failed = await rejection(client.write(root, "x".repeat(4096)));
      expect(failed).toMatchObject({ code: "too-long", details: { length: 4103, limit: 4096 } });
      const wide = await rejection(client.write(root, "ü".repeat(2048)));
      expect(wide).toMatchObject({ code: "too-long", details: { length: 4103 } });
      expect(tap.sends).toBe(sends);
      await client.write(root, "fits");
      expect(await client.read(root)).toBe("fits");
    });

    test("half a surrogate pair is refused before it is sent", async () => {
      const { client, root } = context();
      await expect(client.write(root, "a\ud800")).rejects.toEqual(coded("bad-argument"));
    });
  });
};
