/** How many of the last notes are kept. */
const KEPT = 60;

/** What happened: a hash of all of it, the last of it as text, and how often what. */
export class History {
  /** Of hypercalls, events, messages. */
  steps = 0;
  readonly counts: Map<string, number> = new Map();
  #low = 0x811c9dc5;
  #high = 0x01000193;
  readonly #last: (readonly [step: number, what: string, detail: string | number])[] = [];
  #at = 0;

  /** Two runs that did the same have the same. */
  get hash(): string {
    const half = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return half(this.#high) + half(this.#low);
  }

  /** The last notes, a line each, oldest first. */
  get last(): string[] {
    const notes = [...this.#last.slice(this.#at), ...this.#last.slice(0, this.#at)];
    return notes.map(([step, what, detail]) => {
      const text = `${detail}`.replaceAll("\0", "|");
      return `${step}: ${what} ${text.length > 100 ? `${text.slice(0, 100)} …` : text}`;
    });
  }

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  /** @param what - A word that is there anyway: notes must cost nothing. */
  note(what: string, detail: string | number): void {
    this.#last[this.#at] = [this.steps, what, detail];
    this.#at = (this.#at + 1) % KEPT;
    this.#mix(this.steps);
    this.#mixText(what);
    if (typeof detail === "number") this.#mix(detail);
    else this.#mixText(detail);
  }

  /** Bytes that the daemon sent. */
  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#mix(byte);
  }

  #mixText(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#mix(text.charCodeAt(at));
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ (this.#low >>> 15), 0x85ebca6b);
  }
}
