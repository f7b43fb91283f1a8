import { defineTests } from "./src/vitest-config.ts";

export default defineTests();
