/** A list of permissions and the fixed part of a node, as Xen's daemon counts them, in bytes. */
const NODE_BASE = 16;
const PERMISSION = 8;

/** Domain 0 is never limited, and owns most of a store: it is not counted. */
const UNCOUNTED = 0;

/** What {@link nodeSize} looks at. */
interface Sized {
  readonly value: { readonly length: number };
  readonly childBytes: number;
}

/** What the `node-size` quota judges, in bytes. */
export const nodeSize = (
  { value, childBytes }: Sized,
  { length: entries }: readonly unknown[],
): number => NODE_BASE + PERMISSION * entries + value.length + childBytes;

/** What a node is charged with, in bytes: its size and its path. */
export const nodeMemory = (
  node: Sized & { readonly path: string },
  perms: readonly unknown[],
): number => nodeSize(node, perms) + node.path.length;

/**
 * How much the daemon keeps for each domain, in bytes: nodes, watches and the copies of open transactions. What waits
 * to be sent is not here: connections know it.
 */
export class MemoryUse {
  readonly #used = new Map<number, number>();
  readonly #grown: (domid: number) => void;
  readonly #shrunk: (domid: number) => void;

  /**
   * @param grown - Told of each domain that uses more than before.
   * @param shrunk - Told of each that uses less.
   */
  constructor(grown: (domid: number) => void, shrunk: (domid: number) => void) {
    this.#grown = grown;
    this.#shrunk = shrunk;
  }

  of(domid: number): number {
    return this.#used.get(domid) ?? 0;
  }

  /** @param change - In bytes; negative: less is used. */
  charge(domid: number, change: number): void {
    if (domid === UNCOUNTED || change === 0) return;
    const used = this.of(domid) + change;
    if (used === 0) this.#used.delete(domid);
    else this.#used.set(domid, used);
    if (change > 0) this.#grown(domid);
    else this.#shrunk(domid);
  }
}
