import { evtchnClose } from "@xenkit/abi";
import type { Operation } from "./line.ts";

/** The one u32 that the operations of Linux's event channel device take; undefined for a buffer of another size. */
export const argumentOf = ({ input }: Operation): number | undefined =>
  input?.length === evtchnClose.size ? evtchnClose.decode(input).port : undefined;
