import { RecordingError } from "./recording-error.ts";

/** The fields of one JSON object, each read with its type or refused with the number of the line. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #line: number;

  constructor(object: Readonly<Record<string, unknown>>, line: number) {
    this.#object = object;
    this.#line = line;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  text(name: string, otherwise?: string): string {
    return this.#read(name, "a string", otherwise, (value) => typeof value === "string") as string;
  }

  integer(name: string, otherwise?: number): number {
    return this.#read(name, "an integer", otherwise, Number.isInteger) as number;
  }

  /** An integer from `min` to `max`. */
  within(name: string, min: number, max: number): number {
    const value = this.integer(name);
    return value >= min && value <= max ? value : this.fail(`${name} is not from ${min} to ${max}`);
  }

  flag(name: string): boolean {
    return this.#read(name, "true or false", undefined, (v) => typeof v === "boolean") as boolean;
  }

  optionalInteger(name: string): number | undefined {
    return this.has(name) ? this.integer(name) : undefined;
  }

  object(name: string): Readonly<Record<string, unknown>> | undefined {
    if (!this.has(name)) return undefined;
    const isObject = (value: unknown) => typeof value === "object" && value !== null;
    return this.#read(name, "an object", undefined, isObject) as Readonly<Record<string, unknown>>;
  }

  bytes(name: string): Uint8Array | undefined {
    if (!this.has(name)) return undefined;
    const text = this.text(name);
    if (!/^([0-9a-f]{2})*$/.test(text)) this.fail(`${name} is not whole bytes in hex`);
    return Uint8Array.from(Buffer.from(text, "hex"));
  }

  fail(reason: string): never {
    throw new RecordingError(reason, { line: this.#line });
  }

  #read(
    name: string,
    wanted: string,
    otherwise: unknown,
    isIt: (value: unknown) => boolean,
  ): unknown {
    const value = this.has(name) ? this.#object[name] : otherwise;
    if (isIt(value)) return value;
    return this.fail(value === undefined ? `${name} is missing` : `${name} is not ${wanted}`);
  }
}
