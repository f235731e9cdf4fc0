import {
  ACCESS,
  canonicalPath,
  countedPathLength,
  leafName,
  parentPath,
  parsePermission,
} from "@xenkit/xenstore-wire";
import type { Quotas } from "@xenkit/xenstored";
import {
  ANY,
  accessOf,
  type Caller,
  type Entry,
  inherited,
  isLive,
  listed,
  type ModelDomain,
  OWNER,
  type Perms,
} from "./model-perms.ts";
import {
  type Judging,
  type ModelNode,
  type ModelOptions,
  nodeMemory,
  type TreeRequest,
} from "./model-types.ts";

/** What a commit changed, by path. */
type CommitLog = Map<
  string,
  { how: "nothing" | "path" | "exact"; readonly old: Perms | undefined }
>;

/** A store that does one request after the other, for domains that come and go: what the daemon must look like. */
export class StoreModel {
  readonly nodes: Map<string, ModelNode> = new Map();
  readonly domains: Map<number, ModelDomain> = new Map();
  /** Grows with each change. */
  version = 0;
  /** How many domains have ended. */
  ended = 0;
  readonly #options: ModelOptions;
  #log: CommitLog | undefined;

  constructor(options: ModelOptions) {
    this.#options = options;
    const control = this.meet(0, 0n);
    control.introduced = true;
    const perms: Perms = [{ access: ACCESS.none, domid: 0, who: control }];
    for (const path of ["/", "/tool", "/tool/xenstored"]) this.#add(path, "", perms);
    const everybody: Entry = { access: ACCESS.read, domid: ANY, who: "everybody" };
    this.#add("@releaseDomain", "", [...perms, everybody]);
    this.#add("@introduceDomain", "", perms);
  }

  /** @returns "OK", "=" and what the answer holds, or the name of an error. */
  apply(request: TreeRequest, judging: Judging): string {
    const { caller } = judging;
    const { kind } = request;
    // SET_PERMS looks at its entries first.
    const path = kind === "setPerms" ? "" : this.path(request.path, caller);
    if (path === undefined || (path.startsWith("@") && kind !== "getPerms")) return "EINVAL";
    switch (kind) {
      case "read":
        return this.#look(caller, path, ({ value }) => value);
      case "directory":
        return this.#look(caller, path, ({ children }) => names(children));
      case "getPerms":
        return this.#look(caller, path, ({ perms }) => listed(perms));
      case "write":
        return this.#write(path, request.value, judging);
      case "mkdir": {
        const node = this.#find(caller, path, ACCESS.write);
        if (typeof node !== "string") return "OK";
        return node === "ENOENT" ? this.#make(path, "", judging) : node;
      }
      case "rm":
        return this.#rm(path, caller);
      case "setPerms":
        return this.#setPerms(request, judging);
    }
  }

  /**
   * Does at once what a transaction did, and tells what that changed.
   *
   * @param asked - Anew: domains that were not there when they were named may be now.
   * @returns Its answers now.
   */
  commit(requests: readonly TreeRequest[], caller: Caller, asked: "before" | "anew"): string[] {
    const log: CommitLog = new Map();
    this.#log = log;
    const answers = requests.map((request) => {
      const given = asked === "before" ? request : { ...request, named: this.named(request) };
      return this.apply(given, { caller, told: "OK", replayed: true });
    });
    // What belongs to a domain that has ended meanwhile is not there.
    for (const path of [...log.keys()]) {
      const owner = this.nodes.get(path)?.perms[0];
      if (owner === undefined || isLive(owner)) continue;
      if (path === "/" || path.startsWith("@")) this.#giveToControl(path);
      else this.#remove(path);
    }
    this.#log = undefined;
    for (const [path, { how, old }] of log) {
      const exists = this.nodes.has(path);
      if (how === "nothing" || (old === undefined && !exists)) continue;
      const now = exists ? this.#readable(path) : [];
      this.#fire(path, how, old === undefined ? now : [...now, old]);
    }
    return answers;
  }

  /** What the answers would be now; nothing changes. */
  rehearse(requests: readonly TreeRequest[], caller: Caller): string[] {
    const copy = new StoreModel({ ...this.#options, fired: () => {} });
    copy.nodes.clear();
    for (const [path, node] of this.nodes) {
      copy.nodes.set(path, { ...node, children: new Set(node.children) });
    }
    for (const [domid, domain] of this.domains) copy.domains.set(domid, domain);
    return copy.commit(requests, caller, "anew");
  }

  /** The domains that a SET_PERMS names. */
  named({ value, named }: TreeRequest): Entry["who"][] {
    return value.split(" ").map((text, at) => {
      const domid = parsePermission(text)?.domid ?? -1;
      return named?.[at] ?? (domid === ANY ? "everybody" : this.domains.get(domid));
    });
  }

  /** The canonical path, of a special node too; undefined: EINVAL. */
  path(given: string, { domid, privileged }: Caller): string | undefined {
    const path = canonicalPath(given, domid);
    const limit = this.domains.get(domid)?.quotas["path-max"] ?? 0;
    if (path === undefined || privileged || limit === 0) return path;
    return countedPathLength(path) > limit ? undefined : path;
  }

  /** How many nodes a domain owns. */
  owned(domid: number): number {
    let count = 0;
    for (const { perms } of this.nodes.values()) if (perms[0]?.domid === domid) count += 1;
    return count;
  }

  /** What the nodes of a domain are charged with, in bytes. */
  nodeMemory(domid: number): number {
    let sum = 0;
    for (const node of this.nodes.values()) {
      if (node.perms[0]?.domid === domid) sum += nodeMemory(node);
    }
    return sum;
  }

  /** Whether the memory quota of a domain refuses `more` bytes for it. */
  refusesMemory(domid: number, more: number, { caller, told, replayed }: Judging): boolean {
    const limit = this.domains.get(domid)?.quotas.memory ?? 0;
    if (caller.privileged || replayed || more <= 0 || limit === 0) return false;
    const { least, most } = this.#options.kept(domid);
    const nodes = this.nodeMemory(domid);
    if (nodes + least + more > limit) return true;
    return told === "ENOMEM" && nodes + most + more > limit;
  }

  /** Whether a count is more than the caller's quota allows. */
  refuses({ domid, privileged }: Caller, quota: keyof Quotas, value: number): boolean {
    const limit = this.domains.get(domid)?.quotas[quota] ?? 0;
    return !privileged && limit !== 0 && value > limit;
  }

  /** A domain has ended: nothing of it stays. */
  end(domain: ModelDomain): void {
    const { domid, introduced } = domain;
    domain.alive = false;
    domain.introduced = false;
    this.domains.delete(domid);
    const owned = [...this.nodes.values()].filter(({ perms }) => perms[0]?.domid === domid);
    owned.sort((a, b) => a.path.length - b.path.length);
    for (const { path } of owned) {
      if (path === "/" || path.startsWith("@")) this.#giveToControl(path);
      else if (this.nodes.has(path)) this.#remove(path);
    }
    this.dropEntries(domid);
    if (introduced) this.fireSpecial("@releaseDomain");
  }

  /** Of everything that a domid was granted. */
  dropEntries(domid: number): void {
    this.ended += 1;
    for (const node of this.nodes.values()) {
      if (node.perms.some((entry, at) => at > 0 && entry.domid === domid)) {
        node.perms = node.perms.filter((entry, at) => at === 0 || entry.domid !== domid);
      }
    }
  }

  /** `/` and special nodes stay. */
  #giveToControl(path: string): void {
    const node = this.nodes.get(path) as ModelNode;
    const [owner, ...rest] = node.perms as [Entry, ...Entry[]];
    node.perms = [{ access: owner.access, domid: 0, who: this.domains.get(0) }, ...rest];
  }

  fireSpecial(name: string): void {
    this.#options.fired({ path: name, how: "exact", readable: this.#readable(name) });
  }

  /** The daemon has a record of a domain from now on. */
  meet(domid: number, id: bigint): ModelDomain {
    const { quotas } = this.#options;
    const domain: ModelDomain = {
      domid,
      id,
      quotas: { ...quotas },
      alive: true,
      introduced: false,
      shutdownSeen: false,
    };
    this.domains.set(domid, domain);
    return domain;
  }

  #look(caller: Caller, path: string, show: (node: ModelNode) => string): string {
    const node = this.#find(caller, path, ACCESS.read);
    return typeof node === "string" ? node : `=${show(node)}`;
  }

  #find(caller: Caller, path: string, wanted: number): ModelNode | "ENOENT" | "EACCES" {
    const node = this.nodes.get(path);
    if (node !== undefined) {
      return (accessOf(node.perms, caller) & wanted) === wanted ? node : "EACCES";
    }
    return (accessOf(this.#above(path).perms, caller) & wanted) !== 0 ? "ENOENT" : "EACCES";
  }

  #above(path: string): ModelNode {
    let at = parentPath(path) ?? "/";
    while (!this.nodes.has(at)) at = parentPath(at) ?? "/";
    return this.nodes.get(at) as ModelNode;
  }

  #write(path: string, value: string, judging: Judging): string {
    const node = this.#find(judging.caller, path, ACCESS.write);
    if (node === "ENOENT") return this.#make(path, value, judging);
    if (typeof node === "string") return node;
    const { perms } = node;
    if (this.#tooBig(judging, perms, value.length + node.childBytes)) return "ENOSPC";
    const owner = perms[0]?.domid ?? 0;
    if (this.refusesMemory(owner, value.length - node.value.length, judging)) return "ENOMEM";
    node.value = value;
    this.#changed(path, "path", perms);
    return "OK";
  }

  #make(path: string, value: string, judging: Judging): string {
    const { caller } = judging;
    const above = this.#above(path);
    const missing = [path];
    for (let at = parentPath(path); at !== above.path; at = parentPath(at ?? "/")) {
      missing.unshift(at ?? "/");
    }
    const perms = inherited(
      above.perms,
      caller.privileged ? undefined : this.domains.get(caller.domid),
    );
    const refused = this.#refuseMaking(missing, { above, value, perms, judging });
    if (refused !== undefined) return refused;
    for (const each of missing) {
      this.#add(each, each === path ? value : "", perms);
      if (each !== path)
        this.#log?.set(each, this.#log.get(each) ?? { how: "nothing", old: undefined });
    }
    this.#changed(path, "path", undefined);
    return "OK";
  }

  #refuseMaking(
    missing: readonly string[],
    making: { above: ModelNode; value: string; perms: Perms; judging: Judging },
  ): string | undefined {
    const { above, value, perms, judging } = making;
    const { caller, replayed } = judging;
    if (caller.privileged || replayed) return undefined;
    if (this.refuses(caller, "nodes", this.owned(caller.domid) + 1)) return "ENOSPC";
    const names = missing.map((path) => leafName(path).length + 1);
    const growth = above.value.length + above.childBytes + (names[0] ?? 0);
    if (this.#tooBig(judging, above.perms, growth)) return "ENOSPC";
    const contents = missing.map((_, at) => names[at + 1] ?? value.length);
    if (contents.some((content) => this.#tooBig(judging, perms, content))) return "ENOSPC";
    const total = missing.reduce(
      (sum, path, at) => sum + 16 + 8 * perms.length + path.length + (contents[at] ?? 0),
      0,
    );
    return this.refusesMemory(perms[0]?.domid ?? 0, total, judging) ? "ENOMEM" : undefined;
  }

  #rm(path: string, caller: Caller): string {
    const node = this.#find(caller, path, ACCESS.write);
    if (node === "ENOENT") return this.nodes.has(parentPath(path) ?? "/") ? "OK" : node;
    if (typeof node === "string") return node;
    this.#remove(path);
    return "OK";
  }

  #setPerms(request: TreeRequest, judging: Judging): string {
    const { path: given, value } = request;
    const { caller } = judging;
    const texts = value.split(" ");
    if (this.refuses(caller, "node-permissions", texts.length)) return "ENOSPC";
    const parsed = texts.map(parsePermission);
    if (parsed.includes(undefined)) return "EINVAL";
    const named = request.named ?? this.named(request);
    const perms = parsed.flatMap((entry, at): Entry[] =>
      entry === undefined ? [] : [{ ...entry, who: named[at] }],
    );
    const [owner] = perms;
    if (owner?.who === undefined) return "ENOENT";
    if (owner.who === "everybody") return caller.privileged ? "ENOMEM" : "EPERM";
    const path = this.path(given, caller);
    if (path === undefined) return "EINVAL";
    const node = this.#find(caller, path, ACCESS.write | OWNER);
    if (typeof node === "string") return node;
    const previous = node.perms;
    const isSame = previous[0]?.domid === owner.domid;
    if (!caller.privileged && !isSame) return "EPERM";
    if (this.#tooBig(judging, perms, node.value.length + node.childBytes)) return "ENOSPC";
    const more = isSame ? 8 * (perms.length - previous.length) : 0;
    if (this.refusesMemory(owner.domid, more, judging)) return "ENOMEM";
    // In a commit, what was granted to domains that have ended since does not come back.
    node.perms = perms.filter((entry, at) => at === 0 || entry.who === undefined || isLive(entry));
    this.#changed(path, "path", previous);
    return "OK";
  }

  #tooBig({ caller, replayed }: Judging, perms: Perms, content: number): boolean {
    const size = 16 + 8 * perms.length + content;
    return replayed === undefined && this.refuses(caller, "node-size", size);
  }

  #add(path: string, value: string, perms: Perms): void {
    this.nodes.set(path, { path, value, perms, children: new Set(), childBytes: 0 });
    if (path === "/" || path.startsWith("@")) return;
    const parent = this.nodes.get(parentPath(path) ?? "/") as ModelNode;
    parent.children.add(leafName(path));
    parent.childBytes += leafName(path).length + 1;
  }

  /** With all below it; children first. */
  #remove(path: string): void {
    const doomed = [...this.nodes.keys()].filter(
      (other) => other === path || other.startsWith(`${path}/`),
    );
    for (const each of doomed.sort((a, b) => b.length - a.length)) {
      const node = this.nodes.get(each) as ModelNode;
      const parent = this.nodes.get(parentPath(each) ?? "/") as ModelNode;
      this.#told(each, each === path ? "path" : "exact", node.perms, [node.perms, parent.perms]);
      this.nodes.delete(each);
      parent.children.delete(leafName(each));
      parent.childBytes -= leafName(each).length + 1;
    }
  }

  /** A node was made, or changed: it had these permissions before. */
  #changed(path: string, how: "path" | "exact", old: Perms | undefined): void {
    const readable = this.#readable(path);
    this.#told(path, how, old, old === undefined ? readable : [...readable, old]);
  }

  #told(path: string, how: "path" | "exact", old: Perms | undefined, readable: Perms[]): void {
    this.version += 1;
    const log = this.#log;
    if (log === undefined) {
      this.#fire(path, how, readable);
      return;
    }
    const before = log.get(path);
    if (before === undefined) log.set(path, { how, old });
    else if (before.how !== "path") before.how = how;
  }

  #fire(path: string, how: "path" | "exact", readable: readonly Perms[]): void {
    this.#options.fired({ path, how: path.startsWith("@") ? "exact" : how, readable });
  }

  #readable(path: string): Perms[] {
    const parent = path === "/" ? undefined : this.nodes.get(parentPath(path) ?? "/");
    return [this.nodes.get(path), parent].flatMap((node) =>
      node === undefined ? [] : [node.perms],
    );
  }
}

const names = (children: ReadonlySet<string>): string =>
  [...children].map((name) => `${name}\0`).join("");
