/** What the caller can do something about: shown as one message, without a stack. */
export class DocsError extends Error {}
