/** A store that does one request after the other: what the daemon must look like. */
export class StoreModel {
  readonly nodes: Map<string, string>;
  /** Grows with each change. */
  version = 0;

  constructor(nodes: ReadonlyMap<string, string> = new Map()) {
    this.nodes = new Map(nodes);
  }

  /** @returns The answer: the value of a read, "OK", or the name of an errno. */
  apply({ kind, path, value }: StoreRequest): string {
    switch (kind) {
      case "read":
        return this.nodes.has(path) ? `=${this.nodes.get(path)}` : "ENOENT";
      case "write":
        this.#makeParents(path);
        this.nodes.set(path, value);
        this.version += 1;
        return "OK";
      case "mkdir":
        if (this.nodes.has(path)) return "OK";
        this.#makeParents(path);
        this.nodes.set(path, "");
        this.version += 1;
        return "OK";
      case "rm":
        return this.#remove(path);
    }
  }

  #makeParents(path: string): void {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const parent = path.slice(0, at);
      if (!this.nodes.has(parent)) this.nodes.set(parent, "");
    }
  }

  #remove(path: string): string {
    if (!this.nodes.has(path)) {
      const parent = path.slice(0, path.lastIndexOf("/"));
      return this.nodes.has(parent) ? "OK" : "ENOENT";
    }
    for (const other of [...this.nodes.keys()]) {
      if (other === path || other.startsWith(`${path}/`)) this.nodes.delete(other);
    }
    this.version += 1;
    return "OK";
  }
}

export interface StoreRequest {
  readonly kind: "read" | "write" | "mkdir" | "rm";
  readonly path: string;
  readonly value: string;
}
