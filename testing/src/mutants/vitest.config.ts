import { join } from "node:path";

import { defineConfig, type ViteUserConfig } from "vitest/config";

import { mutate } from "./mutant.ts";
import type { MutantRun } from "./run-over-mutant.ts";

const { root, path, mutant } = JSON.parse(process.env["STORE_TEST_MUTANT"] ?? "{}") as MutantRun;
const { default: base } = (await import(join(root, "vitest.config.ts"))) as {
  readonly default: ViteUserConfig;
};

/** A package's own tests, over its sources with one bug in them. */
export default defineConfig({
  ...base,
  root,
  // The cache of transformed modules does not know of the bug.
  test: { ...base.test, reporters: ["json"], fsModuleCache: false },
  plugins: [
    {
      name: "mutant",
      enforce: "pre",
      transform: (code, id) => (id === path ? mutate(code, mutant) : undefined),
    },
  ],
});
