export type { Mutant } from "./mutant.ts";
export { plantMutant } from "./plant-mutant.ts";
export { countFailures, type TestedMutant } from "./run-over-mutant.ts";
