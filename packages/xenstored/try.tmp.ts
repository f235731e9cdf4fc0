import { createStoreDaemon } from "@xenkit/xenstored";
import { serveUnix } from "@xenkit/xenstored/node";

const daemon = createStoreDaemon({
  domains: {
    getDomainInfo: (domid) =>
      domid < 10 ? { domid, state: 1, caps: 0, uniqueId: BigInt(domid + 1) } : undefined,
  },
  log: console.log,
});
const s = await serveUnix(daemon, process.argv[2]!);
console.log("ready", s.path);
process.on("SIGTERM", () => void s.close().then(() => process.exit(0)));
