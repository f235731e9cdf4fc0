import * as v from "valibot";
import {
  CREATE_MAX,
  type CreateRequest,
  DOMID_MAX,
  SHUTDOWN_REASONS,
  type ShutdownRequest,
} from "./control-protocol.ts";

/** The domid of a guest. */
export const guestDomid: v.GenericSchema<number> = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, "must be at least 1: domain 0 is the host itself"),
  v.maxValue(DOMID_MAX, `must be at most ${DOMID_MAX}`),
);

/** Any domid, the host's own too. */
export const anyDomid: v.GenericSchema<number> = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(DOMID_MAX, `must be at most ${DOMID_MAX}`),
);

/** It becomes the value of a Xenstore node and a cell of a table. */
const guestName = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "must be 1 to 64 of A-Z a-z 0-9 . _ -, no sign first",
  ),
);

const guestRequest = v.strictObject({
  name: v.optional(guestName),
  domid: v.optional(guestDomid),
  xenstore: v.optional(v.boolean()),
});

/** The body of a creation. */
export const createRequest: v.GenericSchema<CreateRequest> = v.strictObject({
  guests: v.pipe(v.array(guestRequest), v.minLength(1), v.maxLength(CREATE_MAX)),
});

/** The body of a shutdown. */
export const shutdownRequest: v.GenericSchema<ShutdownRequest> = v.strictObject({
  reason: v.optional(v.picklist(SHUTDOWN_REASONS)),
});
