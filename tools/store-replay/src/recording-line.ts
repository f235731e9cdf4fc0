import type { HvLine } from "./recorded-xen.ts";

/** A message of a recording. */
export interface RecordedMessage {
  readonly type: number;
  readonly req_id: number;
  readonly tx_id: number;
  readonly hex: string;
  /** What the header announces, when it lies. */
  readonly len?: number;
}

export type RingField =
  | "req_cons"
  | "req_prod"
  | "rsp_cons"
  | "rsp_prod"
  | "server_features"
  | "connection"
  | "error"
  | "evtchn_port";
export type RingFields = Partial<Record<RingField, number>>;

/** One line of a recording; the format is described in the README. */
export interface Line {
  readonly scenario: string;
  readonly step: number;
  readonly conn?: string;
  readonly start?: { readonly options?: readonly string[] };
  readonly open?: string;
  readonly closed?: string;
  readonly send?: RecordedMessage;
  readonly send_raw?: { readonly hex: string };
  readonly recv?: RecordedMessage;
  readonly varies?: readonly string[];
  readonly hv?: HvLine;
  readonly ring?: { readonly domid: number; readonly set?: RingFields; readonly is?: RingFields };
  readonly hold?: boolean;
  /** What a live update wrote, as hex. */
  readonly state_stream?: string;
  readonly wait_ms?: number;
}
