/** What every line has. */
interface Place {
  /** Counted from 1, in the file. */
  readonly number: number;
  /** As recorded; -1 when the line has none. */
  readonly step: number;
  readonly scenario: string;
  readonly note: string;
}

/** One hypercall, or one call of Linux's event channel device. */
export interface Operation extends Place {
  readonly kind: "operation";
  readonly caller: string;
  readonly op: string;
  /** What kind of call `op` is: see {@link callOf}. */
  readonly call: Call;
  readonly rc: number;
  readonly err: string;
  readonly inDomid: number | undefined;
  readonly virq: number | undefined;
  readonly port: number | undefined;
  readonly input: Uint8Array | undefined;
  readonly output: Uint8Array | undefined;
  /** The answer decoded by the recorder. */
  readonly decoded: Readonly<Record<string, unknown>> | undefined;
}

/** How an operation is made on the emulator. */
export type Call =
  | { readonly kind: "hypercall"; readonly hypercall: number; readonly cmd: number }
  | { readonly kind: "bind-virq" }
  | { readonly kind: "unbind" }
  | { readonly kind: "close" }
  | { readonly kind: "null-pointer" }
  | { readonly kind: "short-buffer" };

/** Whether VIRQ_DOM_EXC had arrived when the recorder looked. */
export interface VirqEvent extends Place {
  readonly kind: "virq";
  readonly virq: number;
  readonly after: string;
  readonly fired: boolean;
  readonly deliveries: number;
  readonly port: number;
  /** What was read from the event channel device: the port, as 4 bytes in hex, or nothing. */
  readonly read: string;
}

/** The states that a thread which drained all the time saw for one domid. */
export interface PatternEvent extends Place {
  readonly kind: "pattern";
  readonly states: readonly number[];
  readonly domains: number;
}

/** How many incarnations of one domid a thread which drained all the time saw. */
export interface CountEvent extends Place {
  readonly kind: "count";
  readonly reported: number;
  readonly late: number;
  readonly lost: number;
  readonly zeroEntries: number;
}

/** Something in words. Some have facts in them: see `facts.ts`. */
export interface NoteEvent extends Place {
  readonly kind: "note";
}

/** Where the recording begins. */
export interface StartEvent extends Place {
  readonly kind: "start";
  readonly xenVersion: string;
  readonly interfaceVersion: number;
}

/** A line without anything to compare: the end, or the layout that the recorder was compiled with. */
interface SilentLine extends Place {
  readonly kind: "silent";
}

export type Line =
  | Operation
  | VirqEvent
  | PatternEvent
  | CountEvent
  | NoteEvent
  | StartEvent
  | SilentLine;
