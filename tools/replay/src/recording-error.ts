/** A file that is no recording in the format of README.md: where, and why. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
  /** Counted from 1; undefined for the file as a whole. */
  readonly line: number | undefined;

  constructor(reason: string, options: ErrorOptions & { readonly line?: number } = {}) {
    super(options.line === undefined ? reason : `line ${options.line}: ${reason}`, options);
    this.line = options.line;
  }
}
