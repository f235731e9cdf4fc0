/** What the user can do something about: shown as one message, without a stack. */
export class BootstrapError extends Error {}
