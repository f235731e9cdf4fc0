/** A value with a number: equal numbers, equal values. */
export interface Numbered<T> {
  readonly id: number;
  readonly value: T;
}

/** There are fewer values than this. */
export const MOST_NUMBERED: number = 2 ** 16;

/** Numbers values by their keys. @throws Error when there are too many. */
export const numbering = <T extends { key(): string }>(): ((value: T) => Numbered<T>) => {
  const byKey = new Map<string, Numbered<T>>();
  return (value) => {
    const key = value.key();
    let found = byKey.get(key);
    if (found === undefined) {
      if (byKey.size === MOST_NUMBERED) throw new Error(`more than ${MOST_NUMBERED} values`);
      found = { id: byKey.size, value };
      byKey.set(key, found);
    }
    return found;
  };
};
