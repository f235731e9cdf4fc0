import { FrameReader, isWireError } from "@xenkit/xenstore-wire";

/** How many whole messages a stream has before it breaks. */
export const countMessages = (bytes: Uint8Array): number => {
  const reader = new FrameReader();
  reader.push(bytes);
  let count = 0;
  try {
    while (reader.next()) count += 1;
  } catch (error) {
    if (!isWireError(error, "payload-too-long")) throw error;
  }
  return count;
};
