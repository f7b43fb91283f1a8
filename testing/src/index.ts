export { FULL, report } from "./full.ts";
export { createRandom, pick } from "./random.ts";
