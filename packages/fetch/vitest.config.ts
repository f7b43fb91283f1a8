import { defineConfig } from "vitest/config";

// Siblings resolve to their sources, so tests need no build.
const conditions = ["@store/source", "module", "node", "import", "default"];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
    passWithNoTests: true,
    testTimeout: 30_000,
    // Every project says what it includes: a list said once for all would be added to each.
    projects: [
      {
        extends: true,
        test: { name: "sockets", include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "fetch",
          include: ["test/{broken-bodies,network,ranges,resume}.test.ts"],
          env: { STORE_TEST_READER: "fetch" },
        },
      },
    ],
  },
});
