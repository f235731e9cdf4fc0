/** What does not hold. */
export class Broken extends Error {}
