import type { QuotaName } from "./quota.ts";

type Peaks = Partial<Record<QuotaName, number>>;

/** The most that each domain has used, by quota; for the log and for CONTROL. */
export class Usage {
  readonly #peaks = new Map<number, Peaks>();
  /** `<domid> <quota>` of refusals that were told. */
  readonly #told = new Set<string>();
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

  /** Whether this is the domain's first refusal by the quota: a guest must not fill the log. */
  firstRefusal(domid: number, quota: QuotaName): boolean {
    const key = `${domid} ${quota}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }

  /** The domain has ended. */
  forget(domid: number, quotas: readonly QuotaName[]): void {
    this.#peaks.delete(domid);
    for (const quota of quotas) this.#told.delete(`${domid} ${quota}`);
  }
}
