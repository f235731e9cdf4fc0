export { SOUND, SWITCHES, type Switch } from "./programs.ts";
export { PROPERTIES, type Property } from "./properties.ts";
export {
  type Failure,
  type Move,
  type Report,
  replay,
  type SearchOptions,
  type System,
  search,
  type Violation,
} from "./search.ts";
export { switchTable } from "./switch-table.ts";
export { storyOf, traceOf } from "./trace.ts";
export { type Program, systemOf, type World } from "./world.ts";
