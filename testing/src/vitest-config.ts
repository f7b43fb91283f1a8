import { defineConfig, type TestUserConfig, type ViteUserConfig } from "vitest/config";

// Siblings resolve to their sources, so tests need no build.
const conditions = ["@store/source", "module", "node", "import", "default"];

/** Where a package has its tests. */
export const TESTS: readonly string[] = ["src/**/*.test.ts", "test/**/*.test.ts"];

/** What all packages have in common. `test` is added to it. */
export const defineTests = (test: TestUserConfig = { include: [...TESTS] }): ViteUserConfig =>
  defineConfig({
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      reporters: ["default", ["json", { outputFile: "test-report.json" }]],
      passWithNoTests: true,
      testTimeout: 30_000,
      ...test,
    },
  });
