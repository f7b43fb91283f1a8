import { defineConfig } from "vitest/config";

// Siblings resolve to their sources, so tests need no build.
const conditions = ["@store/source", "module", "node", "import", "default"];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
    passWithNoTests: true,
    testTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "sockets" } },
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
