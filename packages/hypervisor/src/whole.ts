/** Is it an integer from 0 to `most`? What a field of so many bits can hold. */
export const isWhole = (value: number, most: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= most;
