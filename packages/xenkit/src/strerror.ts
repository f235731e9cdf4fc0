import { isXenstoreError } from "@xenkit/xenstore-client";

/** How glibc names errors: the texts that scripts know. */
const TEXT: Readonly<Record<string, string>> = {
  E2BIG: "Argument list too long",
  EACCES: "Permission denied",
  EAGAIN: "Resource temporarily unavailable",
  EBADF: "Bad file descriptor",
  EBUSY: "Device or resource busy",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EEXIST: "File exists",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISCONN: "Transport endpoint is already connected",
  EISDIR: "Is a directory",
  ENAMETOOLONG: "File name too long",
  ENODEV: "No such device",
  ENOENT: "No such file or directory",
  ENOMEM: "Cannot allocate memory",
  ENOSPC: "No space left on device",
  ENOSYS: "Function not implemented",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty",
  ENOTSOCK: "Socket operation on non-socket",
  ENXIO: "No such device or address",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  ETIMEDOUT: "Connection timed out",
};

/** @param name - `ENOENT`. One that is not known is given back. */
export const strerror = (name: string): string => TEXT[name] ?? name;

/** What is said of a request that failed, as libxenstore would have it. */
export const requestFailure = (error: unknown): string => strerror(errnoOf(error));

/** A payload has this many bytes at most. */
const PAYLOAD_MAX = 4096;

const errnoOf = (error: unknown): string => {
  if (!isXenstoreError(error)) throw error;
  if (isXenstoreError(error, "disconnected") || isXenstoreError(error, "closed")) return "EBADF";
  if (isXenstoreError(error, "too-long")) {
    return error.details.length > PAYLOAD_MAX ? "E2BIG" : "EINVAL";
  }
  // Names that the protocol does not have.
  if (isXenstoreError(error, "other")) return "EINVAL";
  return Object.hasOwn(TEXT, error.code) ? error.code : "EIO";
};
