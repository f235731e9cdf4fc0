import { deepEqual, ok } from "node:assert/strict";
import { FrameReader, HEADER_SIZE, isWireError, PAYLOAD_MAX } from "@xenkit/xenstore-wire";
import fc from "fast-check";
import { countMessages } from "./count-messages.ts";
import { findOf } from "./find-of.ts";
import { stream } from "./streams.ts";
import type { Target } from "./target.ts";

/** Framing: however a stream is cut into chunks, it is the same messages, and no more than one is kept. */
export const fuzzFraming: Target = async ({ seed, runs }) => {
  let requests = 0;
  const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 30 });
  const details = await fc.check(
    fc.asyncProperty(stream, cuts, async (bytes, at) => {
      requests += countMessages(bytes);
      const edges = [0, ...at.filter((cut) => cut < bytes.length), bytes.length];
      edges.sort((a, b) => a - b);
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      deepEqual(messagesOf(chunks), messagesOf([bytes]));
    }),
    { seed, numRuns: runs },
  );
  return { requests, find: findOf(details) };
};

const messagesOf = (chunks: readonly Uint8Array[]): string[] => {
  const reader = new FrameReader();
  const messages: string[] = [];
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      while (reader.next()) {
        const { type, reqId, txId, payload } = reader;
        messages.push(`${type} ${reqId} ${txId} ${Buffer.from(payload).toString("hex")}`);
      }
      ok(reader.pending < HEADER_SIZE + PAYLOAD_MAX, `${reader.pending} bytes are kept`);
    }
  } catch (error) {
    if (!isWireError(error, "payload-too-long")) throw error;
    messages.push("too long");
  }
  return messages;
};
