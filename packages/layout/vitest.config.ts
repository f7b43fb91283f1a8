import { defineTests } from "@store/testing/vitest-config";

export default defineTests();
