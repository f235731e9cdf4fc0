export {
  countStrings,
  joinStrings,
  oneString,
  type StringAndRest,
  stringAndRest,
  strings,
} from "./arguments.ts";
export { binary, bytesOf, writeBinary } from "./binary.ts";
export { atoi, parseAnyBase, parseDomid } from "./c-number.ts";
export { FrameReader } from "./frame-reader.ts";
export {
  getU32,
  HEADER_SIZE,
  type Header,
  PAYLOAD_MAX,
  putU32,
  readHeader,
  writeHeader,
} from "./header.ts";
export { encodeMessage, type Message } from "./message.ts";
export { MESSAGE, type MessageType, messageTypeName } from "./message-type.ts";
export {
  ABSOLUTE_PATH_MAX,
  canonicalPath,
  childPath,
  countedPathLength,
  domainPath,
  leafName,
  type PathKind,
  parentPath,
  pathKind,
  RELATIVE_PATH_MAX,
} from "./path.ts";
export { ACCESS, formatPermission, type Permission, parsePermission } from "./permission.ts";
export { readState, type StateStream } from "./read-state.ts";
export {
  FEATURE,
  RING_CONNECTION,
  RING_ERROR,
  RING_PAGE,
  RING_SIZE,
  ringFill,
} from "./ring-page.ts";
export type {
  StateByteOrder,
  StateConnection,
  StateDomain,
  StateGlobal,
  StateGlobalQuotas,
  StateNode,
  StatePending,
  StatePermission,
  StateQuota,
  StateRecord,
  StateRing,
  StateSocket,
  StateTransaction,
  StateVersion,
  StateWatch,
} from "./state-record.ts";
export {
  isWireError,
  WireError,
  type WireErrorCode,
  type WireErrorDetails,
} from "./wire-error.ts";
export { WIRE_ERRNO, type WireErrorName, wireErrno } from "./wire-error-name.ts";
export { type WriteStateOptions, writeState } from "./write-state.ts";
