export { type InteropProgram, interop } from "./interop.ts";
export { readmeExamples } from "./readme-examples.ts";
