import { join } from "node:path";

import { countFailures } from "@store/testing/mutants";
import { describe, expect, it } from "vitest";

import { mutants } from "./mutants.ts";

const root = join(import.meta.dirname, "../..");

describe("the tests find out where", () => {
  it.each(mutants)("$bug", { timeout: 120_000 }, async (mutant) => {
    expect(await countFailures(root, mutant)).toBeGreaterThan(0);
  });
});
