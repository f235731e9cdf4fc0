export { type InteropProgram, interop } from "./interop.ts";
export { readmeExamples } from "./readme-examples.ts";
export {
  type Failure,
  type Report,
  replay,
  type SearchOptions,
  type System,
  search,
  type Violation,
} from "./search.ts";
