export { Broken } from "./broken.ts";
export { QUOTAS } from "./dom0.ts";
export { failureText } from "./failure.ts";
export { FAULTS } from "./faults.ts";
export { Simulation, type Switches } from "./simulation.ts";
