export { Broken } from "./broken.ts";
export { FAULTS } from "./faults.ts";
export { Simulation, type Switches } from "./simulation.ts";
