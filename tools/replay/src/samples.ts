import { readDomain, readState } from "@xenkit/abi";
import { evidenceOf, isDrain } from "./evidence.ts";
import { isSampledDrain } from "./facts.ts";
import type { Operation } from "./line.ts";
import type { Outcome, RecordedHost } from "./recorded-host.ts";

/** More rounds than there are domids: a sample that is not reached by then never is. */
const LIMIT = 0x8000;

/**
 * The parts of a recording of which only a sample is written: thousands of creations with a destroy each, and the
 * drain of their marks. What is missing is done here, until the next recorded line can follow.
 */
export class Samples {
  readonly #host: RecordedHost;
  #inBulk = false;
  #created = 0;
  #failed = 0;
  /** The domain that the unwritten destroy is still due for. */
  #due: number | undefined;
  #entries = 0;
  #notAscending = 0;
  #nonZero = 0;
  #last = -1;

  constructor(host: RecordedHost) {
    this.#host = host;
  }

  /** Every automatic creation from here on is followed by a destroy. */
  beginBulk(): void {
    this.#inBulk = true;
    this.#created = 0;
    this.#failed = 0;
  }

  /** How many creations there were since {@link beginBulk}, written or not. */
  endBulk(): { readonly created: number; readonly failed: number } {
    this.#destroyDue();
    this.#inBulk = false;
    return { created: this.#created, failed: this.#failed };
  }

  /** The totals of the drain up to now, written or not. */
  drained(): {
    readonly entries: number;
    readonly notAscending: number;
    readonly nonZero: number;
  } {
    return { entries: this.#entries, notAscending: this.#notAscending, nonZero: this.#nonZero };
  }

  /** Makes an operation, after what is not written between the line before and this one. */
  operate(line: Operation, caller: number): Outcome {
    const evidence = evidenceOf(line);
    const isBulk = this.#inBulk && evidence?.kind === "created" && evidence.automatic;
    if (isBulk) return this.#createUntil(line, caller, evidence.domid);
    if (!isDrain(line)) return this.#host.operate(line, caller);
    if (!isSampledDrain(line.note)) {
      this.#forgetDrain();
      return this.#host.operate(line, caller);
    }
    const domid = evidence?.kind === "seen" || evidence?.kind === "zero-entry" ? evidence.domid : 0;
    return this.#drainUntil(line, caller, domid);
  }

  #destroyDue(): void {
    if (this.#due !== undefined) this.#host.destroy(this.#due);
    this.#due = undefined;
  }

  #createUntil(line: Operation, caller: number, domid: number): Outcome {
    for (let round = 0; ; round += 1) {
      this.#destroyDue();
      const outcome = this.#host.operate(line, caller);
      if (outcome.rc === 0) this.#created += 1;
      else this.#failed += 1;
      if (outcome.rc !== 0 || outcome.bytes === undefined) return outcome;
      this.#due = readDomain(outcome.bytes);
      if (this.#due === domid || round === LIMIT) return outcome;
    }
  }

  #drainUntil(line: Operation, caller: number, domid: number): Outcome {
    for (;;) {
      const outcome = this.#host.operate(line, caller);
      if (outcome.rc !== 0 || outcome.bytes === undefined) return outcome;
      this.#count(outcome.bytes);
      if (readDomain(outcome.bytes) >= domid || this.#entries > LIMIT) return outcome;
    }
  }

  #count(bytes: Uint8Array): void {
    const domid = readDomain(bytes);
    this.#entries += 1;
    if (domid <= this.#last) this.#notAscending += 1;
    if (readState(bytes) !== 0) this.#nonZero += 1;
    this.#last = domid;
  }

  #forgetDrain(): void {
    this.#entries = 0;
    this.#notAscending = 0;
    this.#nonZero = 0;
    this.#last = -1;
  }
}
