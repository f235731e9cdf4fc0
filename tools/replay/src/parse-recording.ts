import { DOMCTL_SIZE, HYPERVISOR } from "@xenkit/abi";
import { Fields } from "./fields.ts";
import type { Call, Line, StartEvent } from "./line.ts";
import { RecordingError } from "./recording-error.ts";

const U32_MAX = 0xffff_ffff;
/** The highest event channel port that any domain can have. */
const LAST_PORT = 131_071;

/** A file of recorded lines, in order. */
export interface Recording {
  readonly start: StartEvent;
  readonly lines: readonly Line[];
}

/** Operations that are no hypercall of their own: their names are the whole vocabulary. */
const NAMED: Readonly<Record<string, Call>> = {
  "ioctl:EVTCHN_BIND_VIRQ": { kind: "bind-virq" },
  "ioctl:EVTCHN_UNBIND": { kind: "unbind" },
  "close:/dev/xen/evtchn": { kind: "close" },
  "domctl:NULL-pointer": { kind: "null-pointer" },
  "domctl:short-buffer": { kind: "short-buffer" },
};

/**
 * What an operation is, from the fields of its line: a name for Linux's device, a hypercall by number, or a domctl
 * by the size of its buffer. No domctl is known by name here.
 */
const callOf = (op: string, fields: Fields, input: Uint8Array | undefined): Call => {
  const named = Object.hasOwn(NAMED, op) ? NAMED[op] : undefined;
  if (named !== undefined) return named;
  if (fields.has("hypercall")) {
    return {
      kind: "hypercall",
      hypercall: fields.integer("hypercall"),
      cmd: fields.integer("cmd", 0),
    };
  }
  if (input?.length === DOMCTL_SIZE) {
    return { kind: "hypercall", hypercall: HYPERVISOR.domctl, cmd: 0 };
  }
  return fields.fail(`unknown operation ${JSON.stringify(op)}`);
};

const parseStates = (fields: Fields): readonly number[] => {
  const text = fields.text("states");
  if (!/^0x[0-9a-f]+( 0x[0-9a-f]+)*$/.test(text))
    fields.fail("states is not a list of 0x… numbers");
  return text.split(" ").map(Number);
};

const parseLine = (object: Readonly<Record<string, unknown>>, number: number): Line => {
  const fields = new Fields(object, number);
  const place = {
    number,
    step: fields.integer("step", -1),
    scenario: fields.text("scenario", ""),
    note: fields.text("note", ""),
  };
  if (!fields.has("event")) {
    if (!fields.has("op")) {
      return fields.has("layout")
        ? { ...place, kind: "silent" }
        : fields.fail("neither an operation nor an event");
    }
    const op = fields.text("op");
    const input = fields.bytes("in");
    const output = fields.bytes("out");
    const call = callOf(op, fields, input);
    if ((call.kind === "bind-virq" || call.kind === "unbind") && input?.length !== 4) {
      fields.fail("in is not 4 bytes");
    }
    if (call.kind === "hypercall" && input !== undefined && output === undefined) {
      // Without it nothing but the return code would be compared.
      fields.fail("out is missing");
    }
    return {
      ...place,
      kind: "operation",
      caller: fields.text("caller"),
      op,
      call,
      rc: fields.within("rc", -U32_MAX, call.kind === "bind-virq" ? LAST_PORT : U32_MAX),
      err: fields.text("err"),
      inDomid: fields.optionalInteger("in_domid"),
      virq: fields.optionalInteger("virq"),
      port: fields.has("port") ? fields.within("port", 0, U32_MAX) : undefined,
      input,
      output,
      decoded: fields.object("dec"),
    };
  }
  const event = fields.text("event");
  switch (event) {
    case "start":
      return {
        ...place,
        kind: "start",
        xenVersion: fields.text("xen_version", "unknown"),
        interfaceVersion: fields.within("domctl_interface_version", 1, U32_MAX),
      };
    case "virq":
      return {
        ...place,
        kind: "virq",
        virq: fields.integer("virq"),
        after: fields.text("after", ""),
        fired: fields.flag("fired"),
        deliveries: fields.integer("deliveries"),
        port: fields.integer("port"),
        read: fields.text("read"),
      };
    case "pattern":
      return {
        ...place,
        kind: "pattern",
        states: parseStates(fields),
        domains: fields.integer("domains"),
      };
    case "count":
      return {
        ...place,
        kind: "count",
        reported: fields.integer("reported"),
        late: fields.integer("late"),
        lost: fields.integer("lost"),
        zeroEntries: fields.integer("zero_entries"),
      };
    case "note":
      return { ...place, kind: "note" };
    case "end":
      return { ...place, kind: "silent" };
    default:
      return fields.fail(`unknown event ${JSON.stringify(event)}`);
  }
};

const parseObject = (text: string, number: number): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RecordingError(`not JSON: ${(cause as Error).message}`, { line: number, cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new RecordingError("not a JSON object", { line: number });
};

/**
 * Reads a recording: one JSON object a line.
 *
 * @throws RecordingError with the number of the line.
 */
export const parseRecording = (text: string): Recording => {
  const lines = text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => parseLine(parseObject(line, number), number));
  const start = lines.find((line) => line.kind === "start");
  if (start === undefined) throw new RecordingError("no start event: which release is this?");
  return { start, lines };
};
