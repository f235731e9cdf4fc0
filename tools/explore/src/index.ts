export { beginCommand, parseCommand } from "./commands.ts";
export { type ConsumerState, consumerStates, type MakeConsumer } from "./consumer.ts";
export type { Program } from "./program.ts";
export { DEEP, LARGE, SOUND, SWITCHES, type Switch } from "./programs.ts";
export {
  type Belonging,
  noInheritance,
  noLostChange,
  PROPERTIES,
  type Property,
  Reports,
  Truth,
} from "./properties.ts";
export { switchTable } from "./switch-table.ts";
export { type ProgramSystem, systemOf } from "./system.ts";
export { storyOf, traceOf } from "./trace.ts";
export type { World } from "./world.ts";
