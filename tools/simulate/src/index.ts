export { Broken } from "./broken.ts";
export { Simulation, type Switches } from "./simulation.ts";
