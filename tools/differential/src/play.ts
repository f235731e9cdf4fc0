import {
  binary,
  bytesOf,
  encodeMessage,
  HEADER_SIZE,
  MESSAGE,
  type Message,
  PAYLOAD_MAX,
} from "@xenkit/xenstore-wire";
import type { Reference } from "./reference.ts";
import { DomainHistory, SITUATIONS } from "./situations.ts";
import {
  DOMAINS,
  DOMIDS,
  INTRODUCED,
  isGuest,
  type Place,
  type Sequence,
  type Step,
} from "./step.ts";
import { type Collected, introducePayload, type Link, type World } from "./world.ts";

/** What one client saw of one step. */
export interface Seen {
  readonly messages: readonly Message[];
  readonly end: Collected["end"];
}

/** What a step did. */
export interface Observation {
  readonly seen: ReadonlyMap<Place, Seen>;
  /** Which of {@link DOMIDS} are introduced. */
  readonly introduced: readonly boolean[];
}

/**
 * Plays a sequence on a fresh daemon, up to the first step that makes one of the situations of the reference. Each step
 * is waited for until every client is quiet.
 */
export const play = async (
  world: World,
  { steps }: Sequence,
  reference: Reference,
): Promise<Observation[]> => {
  const player = new Player(world);
  await player.prepare();
  const history = new DomainHistory();
  const observations: Observation[] = [];
  for (const [index, step] of steps.entries()) {
    const situations = history.take(step, player.introduced);
    if (situations.some((name) => SITUATIONS[name].of.includes(reference))) break;
    observations.push(await player.play(step, index));
  }
  await player.close();
  return observations;
};

/** The number of a request: steps have at most 16. */
export const requestId = (step: number, index: number): number => step * 16 + index + 1;

/** Of requests that only ask whether all is done. */
const BARRIER = 0xffff_fff0;

interface Client {
  readonly link: Link;
  /** Transactions that it has opened and not ended. */
  readonly open: number[];
  /** It may hear events. */
  watching: boolean;
}

class Player {
  readonly #world: World;
  readonly #clients = new Map<Place, Client>();
  readonly #exists = new Set<number>();
  /** Rings that the daemon no longer serves, though their domain is introduced. */
  readonly #givenUp = new Set<number>();
  #introduced: readonly boolean[] = DOMIDS.map(() => false);
  #control: Link | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** The daemon's start state is the same whatever its release; domains 1 and 2 get a home and are introduced. */
  async prepare(): Promise<void> {
    this.#control = await this.#world.connect();
    for (const name of ["@releaseDomain", "@introduceDomain"])
      await this.#ask(MESSAGE.setPerms, `${name}\0n0\0`);
    if (!this.#world.hasDomains) return;
    for (const domid of DOMAINS) {
      this.#world.create(domid);
      this.#exists.add(domid);
      if (!INTRODUCED.includes(domid)) continue;
      await this.#ask(MESSAGE.mkdir, `/local/domain/${domid}\0`);
      await this.#ask(MESSAGE.setPerms, `/local/domain/${domid}\0n${domid}\0`);
      await this.#ask(MESSAGE.introduce, introducePayload(domid));
    }
    await this.#lookAtDomains();
  }

  get introduced(): number[] {
    return DOMIDS.filter((_, at) => this.#introduced[at]);
  }

  async play(step: Step, index: number): Promise<Observation> {
    const seen = new Map<Place, Seen>();
    const acting = await this.#act(step, index);
    if (acting !== undefined) seen.set(acting.place, acting.collected);
    await this.#lookAtDomains();
    // A change of a domain, or a hang-up, is noticed before the second answer at the latest.
    if (step.do !== "ask") await this.#lookAtDomains();
    for (const client of this.#clients.values())
      if (client.watching) await client.link.send(barrier());
    for (const [place, client] of this.#clients) {
      if (!client.watching) continue;
      const { messages, end } = await client.link.collect(1);
      const events = messages.filter(({ reqId }) => reqId !== BARRIER);
      const before = seen.get(place);
      if (events.length === 0 && end === "open") continue;
      seen.set(place, { messages: [...(before?.messages ?? []), ...events], end });
      if (end !== "open") this.#clients.delete(place);
    }
    return { seen, introduced: this.#introduced };
  }

  async close(): Promise<void> {
    for (const { link } of this.#clients.values()) await link.close();
    await this.#control?.close();
  }

  async #act(
    step: Step,
    index: number,
  ): Promise<{ readonly place: Place; readonly collected: Collected } | undefined> {
    if (step.do === "ask") return this.#request(step, index);
    if (step.do === "junk") return this.#junk(step.on, step.bytes);
    if (step.do === "hang-up") {
      await this.#clients.get(step.on)?.link.close();
      this.#clients.delete(step.on);
      return undefined;
    }
    const { domid } = step;
    if (!this.#world.hasDomains || this.#exists.has(domid) !== (step.do !== "create"))
      return undefined;
    if (step.do === "create") {
      this.#exists.add(domid);
      this.#world.create(domid);
    } else if (step.do === "destroy") {
      this.#exists.delete(domid);
      await this.#dropGuest(domid);
      this.#world.destroy(domid);
    } else if (step.do === "die") this.#world.die(domid);
    else this.#world.shutDown(domid);
    return undefined;
  }

  async #request(
    { on, requests, splitAt }: Extract<Step, { readonly do: "ask" }>,
    step: number,
  ): Promise<{ readonly place: Place; readonly collected: Collected } | undefined> {
    const client = await this.#client(on);
    if (client === undefined) return isGuest(on) ? undefined : refused(on);
    const bytes = Buffer.concat(
      requests.map(({ type, tx, payload }, index) => {
        if (type === MESSAGE.watch) client.watching = true;
        const open = client.open;
        const txId =
          typeof tx === "number" ? tx : (open[Number(tx.slice(1)) % Math.max(open.length, 1)] ?? 0);
        const reqId = requestId(step, index);
        return encodeMessage({ type, reqId, txId, payload: bytesOf(payload) });
      }),
    );
    if (splitAt === undefined) await client.link.send(bytes);
    else {
      await client.link.send(bytes.subarray(0, splitAt));
      // Nothing may come of a part.
      await this.#lookAtDomains();
      await client.link.send(bytes.subarray(splitAt));
    }
    const collected = await client.link.collect(requests.length);
    if (collected.end !== "open") {
      this.#clients.delete(on);
      if (isGuest(on)) this.#givenUp.add(Number(on.slice(1)));
      else await client.link.close();
    }
    for (const [index, { type, payload }] of requests.entries()) {
      const reply = collected.messages.find(({ reqId }) => reqId === requestId(step, index));
      if (reply !== undefined) follow(client.open, type, reply);
      // The ring is served from its beginning: whoever spoke before is no client any more.
      if (type === MESSAGE.introduce && reply?.type === type) {
        const domid = Number.parseInt(payload, 10);
        this.#givenUp.delete(domid);
        await this.#dropGuest(domid);
      }
      if (type === MESSAGE.release && reply?.type === type)
        this.#givenUp.delete(Number.parseInt(payload, 10));
    }
    return { place: on, collected };
  }

  async #junk(
    place: Place,
    bytes: string,
  ): Promise<{ readonly place: Place; readonly collected: Collected } | undefined> {
    const client = await this.#client(place);
    if (client === undefined) return undefined;
    await client.link.send(bytesOf(bytes));
    await this.#lookAtDomains();
    // Only a header that announces too much ends a connection; for that end it takes waiting.
    const header = Buffer.from(bytes, "latin1");
    const ends = header.length >= HEADER_SIZE && header.readUInt32LE(12) > PAYLOAD_MAX;
    const { end, messages } = await client.link.collect(ends ? 1 : 0);
    await client.link.close();
    this.#clients.delete(place);
    return { place, collected: { messages, end } };
  }

  async #client(place: Place): Promise<Client | undefined> {
    const known = this.#clients.get(place);
    if (known !== undefined) return known;
    const link = await this.#open(place);
    if (link === undefined) return undefined;
    const client: Client = { link, open: [], watching: false };
    this.#clients.set(place, client);
    return client;
  }

  async #open(place: Place): Promise<Link | undefined> {
    // A daemon that has crashed refuses; what the others see of that is the difference.
    if (!isGuest(place)) return this.#world.connect().catch(() => undefined);
    const domid = Number(place.slice(1));
    const served = this.#introduced[DOMIDS.indexOf(domid)] && this.#exists.has(domid);
    return served && !this.#givenUp.has(domid) ? this.#world.guest(domid) : undefined;
  }

  async #lookAtDomains(): Promise<void> {
    const answers: boolean[] = [];
    const control = this.#control;
    if (control === undefined) return;
    if (!this.#world.hasDomains) {
      await control.send(barrier());
      await control.collect(1);
      return;
    }
    const requests = DOMIDS.map((domid) => request(MESSAGE.isDomainIntroduced, `${domid}\0`));
    await control.send(Buffer.concat(requests));
    const { messages } = await control.collect(DOMIDS.length);
    for (const [index, domid] of DOMIDS.entries()) {
      const reply = messages[index];
      const introduced = reply !== undefined && binary(reply.payload) === "T\0";
      answers.push(introduced);
      if (!introduced) {
        this.#givenUp.delete(domid);
        await this.#dropGuest(domid);
      }
    }
    this.#introduced = answers;
  }

  async #dropGuest(domid: number): Promise<void> {
    const place = `g${domid}`;
    const client = this.#clients.get(place);
    this.#clients.delete(place);
    await client?.link.close();
  }

  async #ask(type: number, payload: string): Promise<void> {
    await this.#control?.send(request(type, payload));
    await this.#control?.collect(1);
  }
}

const refused = (place: Place): { readonly place: Place; readonly collected: Collected } => ({
  place,
  collected: { messages: [], end: "closed" },
});

/** Which transactions are open follows from the replies. */
const follow = (open: number[], asked: number, { type, txId, payload }: Message): void => {
  const text = binary(payload);
  if (type === MESSAGE.transactionStart) open.push(Number.parseInt(text, 10));
  if (type === MESSAGE.resetWatches) open.length = 0;
  const ended = asked === MESSAGE.transactionEnd && text !== "EINVAL\0";
  if (ended && open.includes(txId)) open.splice(open.indexOf(txId), 1);
};

const request = (type: number, payload: string): Uint8Array =>
  encodeMessage({ type, reqId: BARRIER, txId: 0, payload: bytesOf(payload) });

/** GET_DOMAIN_PATH: everybody may ask, and nothing comes of it. */
const barrier = (): Uint8Array => request(MESSAGE.getDomainPath, "0\0");
