import { join } from "node:path";

import { defineConfig } from "vitest/config";

import base from "../../vitest.config.ts";
import { mutants } from "./mutants.ts";

const root = join(import.meta.dirname, "../..");
const mutant = mutants.find(({ bug }) => bug === process.env["STORE_TEST_MUTANT"]);
if (mutant === undefined) throw new Error("no such mutant");
const path = join(root, "src", mutant.file);

/** The package's own tests, over its sources with one bug in them. */
export default defineConfig({
  ...base,
  root,
  // The cache of transformed modules does not know of the bug.
  test: { ...base.test, reporters: ["json"], fsModuleCache: false },
  plugins: [
    {
      name: "mutant",
      enforce: "pre",
      transform: (code, id) => (id === path ? code.replace(mutant.from, mutant.to) : undefined),
    },
  ],
});
