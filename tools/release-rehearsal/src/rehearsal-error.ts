/** A rehearsal that failed, or what the caller can do about one that cannot run: shown as one message. */
export class RehearsalError extends Error {}

/** Fails the rehearsal unless `holds`. */
export const must: (holds: boolean, otherwise: string) => asserts holds = (holds, otherwise) => {
  if (!holds) throw new RehearsalError(otherwise);
};
