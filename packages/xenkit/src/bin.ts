#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { basename } from "node:path";

// Before anything of ours is loaded: from the second call on nothing is compiled anew.
enableCompileCache();
const { main } = await import("./main.ts");
const { processTerminal } = await import("./terminal.ts");

process.exitCode = await main(
  process.argv.slice(2),
  processTerminal(),
  basename(process.argv[1] ?? ""),
);
