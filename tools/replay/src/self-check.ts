import { errnoName, readCaps, readDomain, readPad0, readState } from "@xenkit/abi";
import { argumentOf } from "./argument.ts";
import { compareValues, type Mismatch } from "./difference.ts";
import { evidenceOf, isDomctl, readUniqueId } from "./evidence.ts";
import type { Operation } from "./line.ts";

/** What the recorder decoded, beside what the bytes of the answer say. */
const checkDecoded = (line: Operation): readonly Mismatch[] => {
  const { decoded } = line;
  if (decoded === undefined || !isDomctl(line)) return [];
  const { output } = line;
  const { kind } = evidenceOf(line) ?? {};
  const isState = kind === "seen" || kind === "zero-entry";
  const known: Readonly<Record<string, number | string | undefined>> = {
    domid: readDomain(output),
    state: isState ? readState(output) : undefined,
    caps: isState ? readCaps(output) : undefined,
    pad0: isState ? readPad0(output) : undefined,
    unique_id: isState ? `0x${readUniqueId(output).toString(16).padStart(16, "0")}` : undefined,
  };
  return Object.entries(known).flatMap(([name, value]) =>
    value === undefined || decoded[name] === undefined
      ? []
      : compareValues(`recorded dec.${name}`, String(decoded[name]), String(value)),
  );
};

/**
 * What a line says twice must agree: the name of the error, the decoded fields, the domid of the request. A recording
 * that contradicts itself proves nothing.
 */
export const selfCheck = (line: Operation): readonly Mismatch[] => {
  const { inDomid } = line;
  const argument = argumentOf(line);
  const copies: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ["recorded in_domid", inDomid, isDomctl(line) ? readDomain(line.input) : undefined],
    ["recorded virq", line.virq, argument],
    ["recorded port", line.port, argument],
  ];
  return [
    ...compareValues("recorded err", line.err, line.rc < 0 ? errnoName(line.rc) : "OK"),
    ...copies.flatMap(([field, said, meant]) =>
      said === undefined || meant === undefined ? [] : compareValues(field, said, meant),
    ),
    ...checkDecoded(line),
  ];
};
