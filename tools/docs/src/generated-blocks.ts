import { DocsError } from "./docs-error.ts";

/**
 * Puts texts between the markers of a document: `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
 *
 * @throws {DocsError} When a text has no place in it, or not exactly one.
 */
export const fillBlocks = (document: string, texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts).reduce((filled, [name, text]) => {
    const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end of ${name} -->`];
    const parts = filled.split(begin);
    const [before = "", after = ""] = parts;
    const rest = after.split(end);
    if (parts.length !== 2 || rest.length !== 2)
      throw new DocsError(`the document must have ${begin} … ${end} exactly once`);
    return `${before}${begin}\n\n${text}\n\n${end}${rest[1]}`;
  }, document);
