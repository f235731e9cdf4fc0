#!/usr/bin/env node
import { basename } from "node:path";
import { main } from "./main.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await main(
  process.argv.slice(2),
  processTerminal(),
  basename(process.argv[1] ?? ""),
);
