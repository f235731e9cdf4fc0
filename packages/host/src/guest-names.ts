import type { DomainChange, DomainTracker } from "@xenkit/xenmanage";

/** Told of a change, with the name of the domain that it is about if the toolstack of this host made it. */
export type HostChangeListener = (change: DomainChange, name: string | undefined) => void;

/** The names that the toolstack gave, for as long as the domains exist: at the end Xenstore has them no more. */
export interface GuestNames {
  readonly set: (uniqueId: bigint, name: string) => void;
  /** For a guest whose creation failed before anybody was told of it. */
  readonly forget: (uniqueId: bigint) => void;
  /** Has `listener` told of every change with the name: for a domain that is gone, the one that it had. */
  readonly onChange: (listener: HostChangeListener) => () => void;
}

export const guestNames = (
  tracker: DomainTracker,
  onError: (error: unknown) => void,
): GuestNames => {
  const names = new Map<bigint, string>();
  const listeners = new Set<{ readonly listener: HostChangeListener }>();
  tracker.onChange((change) => {
    const { uniqueId } = change.kind === "gone" ? change.previous : change.domain;
    const name = names.get(uniqueId);
    for (const { listener } of [...listeners]) {
      try {
        listener(change, name);
      } catch (error) {
        onError(error);
      }
    }
    if (change.kind === "gone" || change.kind === "replaced")
      names.delete(change.previous.uniqueId);
  });
  return {
    set: (uniqueId, name) => void names.set(uniqueId, name),
    forget: (uniqueId) => void names.delete(uniqueId),
    onChange: (listener) => {
      const entry = { listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
};
