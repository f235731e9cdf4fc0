import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const USAGE = `usage: npm run fuzz -- [--minutes M] [--seed S]

Writes bytes of all kinds, requests that are broken now and then and mere junk, into the framing, the sockets and the
rings of our Xenstore daemon (for 1 minute, with a new seed): it must live, stay small, and serve others meanwhile.
Exit status: 0 nothing was found, 1 a find, 2 usage.`;

const read = (): { readonly minutes: number; readonly seed: number } | undefined => {
  try {
    const { values } = parseArgs({
      options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } },
    });
    const seed = values.seed === undefined ? (Math.random() * 2 ** 31) | 0 : Number(values.seed);
    const minutes = Number(values.minutes);
    return minutes >= 0 && Number.isSafeInteger(seed) ? { minutes, seed } : undefined;
  } catch {
    return undefined;
  }
};

const options = read();
if (options === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { minutes, seed } = options;
  const end = performance.now() + minutes * 60_000;
  console.log(`seed ${seed}`);
  const { inputs, requests, find } = await fuzz({ seed, goesOn: () => performance.now() < end });
  console.log(
    `${inputs} inputs with ${requests} whole requests: ${find === undefined ? 0 : 1} finds`,
  );
  if (find !== undefined) {
    console.log(`${find.target}, again with --minutes 0 --seed ${find.seed}:\n${find.text}`);
    process.exitCode = 1;
  }
}
