import { endianness } from "node:os";

/** Numbers of Linux, the same on all its architectures that Node runs on. */
export const EPOLL = { in: 0x1, out: 0x4, err: 0x8, hup: 0x10 } as const;
export const ERRNO = { EINTR: 4, EAGAIN: 11, ECONNABORTED: 103 } as const;

/** Memory that system calls read and write: it stays where it is as long as it is referenced. */
export interface Memory {
  readonly bytes: Uint8Array;
  /** Where it is. */
  readonly address: number;
}

/** The calls of the system, as C has them: -1 for an error, whose number {@link errno} then tells. */
export interface SystemCalls {
  readonly epollCreate: () => number;
  /** @param operation - 1: add, 2: delete, 3: modify. */
  readonly epollControl: (set: number, operation: 1 | 2 | 3, fd: number, event: number) => number;
  readonly epollWait: (set: number, events: number, most: number, timeoutMs: number) => number;
  /** A stream socket that blocks nobody. */
  readonly unixSocket: () => number;
  readonly bind: (fd: number, address: number, size: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  /** The same kind of socket. */
  readonly accept: (fd: number) => number;
  readonly read: (fd: number, address: number, size: number) => number;
  readonly send: (fd: number, address: number, size: number) => number;
  readonly close: (fd: number) => number;
  /** Of the call before. */
  readonly errno: () => number;
  /** `EAGAIN` and so on. */
  readonly errnoName: (errno: number) => string;
  readonly memory: (size: number) => Memory;
  /** Has Node's loop call back whenever `fd` is readable. Nothing may be done in `callback` but schedule. */
  readonly whenReadable: (fd: number, callback: () => void) => { readonly close: () => void };
}

/** The system's calls; undefined where they cannot be had. */
export const loadSystemCalls = async (): Promise<SystemCalls | undefined> => {
  if (process.platform !== "linux" || endianness() !== "LE") return undefined;
  try {
    const { default: koffi } = await import("koffi");
    return systemCalls(koffi);
  } catch {
    // Not installed, not for this machine, or not as we know it.
    return undefined;
  }
};

type Koffi = typeof import("koffi")["default"];

const AF_UNIX = 1;
/** SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC. */
const SOCKET_KIND = 1 | 0o4000 | 0o2000000;
const SOCKET_FLAGS = 0o4000 | 0o2000000;
const CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

const systemCalls = (koffi: Koffi): SystemCalls => {
  const libc = koffi.load(null);
  // An address as a number costs half of what a typed array does.
  const call = (name: string, ...types: string[]) => libc.func(name, "int", types);
  const epollCreate = call("epoll_create1", "int");
  const socket = call("socket", "int", "int", "int");
  const accept = call("accept4", "int", "uintptr_t", "uintptr_t", "int");
  const send = call("send", "int", "uintptr_t", "size_t", "int");
  const names = new Map(Object.entries(koffi.os.errno).map(([name, errno]) => [errno, name]));
  if (typeof koffi.node.poll !== "function") throw new TypeError("this koffi cannot poll");
  return {
    epollCreate: () => epollCreate(CLOEXEC),
    epollControl: call("epoll_ctl", "int", "int", "int", "uintptr_t"),
    epollWait: call("epoll_wait", "int", "uintptr_t", "int", "int"),
    unixSocket: () => socket(AF_UNIX, SOCKET_KIND, 0),
    bind: call("bind", "int", "uintptr_t", "uint32_t"),
    listen: call("listen", "int", "int"),
    accept: (fd) => accept(fd, 0, 0, SOCKET_FLAGS),
    read: call("read", "int", "uintptr_t", "size_t"),
    send: (fd, address, size) => send(fd, address, size, MSG_NOSIGNAL),
    close: call("close", "int"),
    errno: () => koffi.errno(),
    errnoName: (errno) => names.get(errno) ?? `errno ${errno}`,
    memory: (size) => {
      const bytes = new Uint8Array(size);
      return { bytes, address: Number(koffi.address(bytes)) };
    },
    whenReadable: (fd, callback) => koffi.node.poll(fd, callback),
  };
};
