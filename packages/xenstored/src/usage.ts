import type { QuotaName } from "./quota.ts";

type Peaks = Partial<Record<QuotaName, number>>;

/** The most that each domain has used, by quota; for the log and for CONTROL. */
export class Usage {
  readonly #peaks = new Map<number, Peaks>();
  readonly #refusals = new Map<number, Peaks>();
  #overall: Peaks = {};

  /** A domain uses `value` now, or has asked for it once. */
  note(domid: number, quota: QuotaName, value: number): void {
    let peaks = this.#peaks.get(domid);
    if (peaks === undefined) {
      peaks = {};
      this.#peaks.set(domid, peaks);
    }
    if (value > (peaks[quota] ?? 0)) peaks[quota] = value;
    if (value > (this.#overall[quota] ?? 0)) this.#overall[quota] = value;
  }

  /** The most since the domain became known. */
  peak(domid: number, quota: QuotaName): number {
    return this.#peaks.get(domid)?.[quota] ?? 0;
  }

  /** The most of any domain since the last {@link resetOverall}. */
  overallPeak(quota: QuotaName): number {
    return this.#overall[quota] ?? 0;
  }

  resetOverall(): void {
    this.#overall = {};
  }

  /** A quota has refused something. */
  refused(domid: number, quota: QuotaName): void {
    let refusals = this.#refusals.get(domid);
    if (refusals === undefined) {
      refusals = {};
      this.#refusals.set(domid, refusals);
    }
    refusals[quota] = (refusals[quota] ?? 0) + 1;
  }

  /** How often a quota has refused something to the domain. */
  refusals(domid: number, quota: QuotaName): number {
    return this.#refusals.get(domid)?.[quota] ?? 0;
  }

  /** The domain has ended. */
  forget(domid: number): void {
    this.#peaks.delete(domid);
    this.#refusals.delete(domid);
  }
}
