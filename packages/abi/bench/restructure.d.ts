/** The part of restructure that the benches use; it comes without types. */
declare module "restructure" {
  interface Field<T> {
    readonly value?: T;
  }
  export const uint16le: Field<number>;
  export const uint32le: Field<number>;
  export class Struct<F extends Readonly<Record<string, Field<number>>>> {
    constructor(fields: F);
    toBuffer(value: { readonly [K in keyof F]: number }): Uint8Array;
    fromBuffer(bytes: Uint8Array): { readonly [K in keyof F]: number };
  }
}
