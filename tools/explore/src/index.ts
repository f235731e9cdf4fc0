export { beginCommand, parseCommand } from "./commands.ts";
export { SOUND, SWITCHES, type Switch } from "./programs.ts";
export { noLostChange, PROPERTIES, type Property, Reports, Truth } from "./properties.ts";
export { switchTable } from "./switch-table.ts";
export { storyOf, traceOf } from "./trace.ts";
export { type Program, systemOf, type World } from "./world.ts";
