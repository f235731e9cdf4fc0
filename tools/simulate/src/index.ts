export { Broken } from "./client.ts";
export { Simulation } from "./simulation.ts";
