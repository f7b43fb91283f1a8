import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { createScratch } from "../scratch.ts";
import { type Mutant, mutants, plantedElsewhere } from "./mutants.ts";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const vitest = join(
  dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
  "vitest.mjs",
);

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

/** Runs the test that must find a bug over sources that have it. */
async function runOver({ bug, suite, test }: Mutant): Promise<Report> {
  const directory = await createScratch("mutant");
  const outputFile = join(directory, "report.json");
  const config = join(import.meta.dirname, "vitest.config.ts");
  const args = ["run", suite, "--config", config, "-t", test];
  try {
    // It ends with an error, which is the point; the report says whether a test did.
    await execute(process.execPath, [vitest, ...args, `--outputFile=${outputFile}`], {
      cwd: root,
      env: { ...process.env, STORE_TEST_MUTANT: bug },
    }).catch(() => {});
    return JSON.parse(await readFile(outputFile, "utf8")) as Report;
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe("the tests find out where", () => {
  for (const mutant of mutants) {
    it(mutant.bug, { timeout: 120_000 }, async () => {
      const source = await readFile(join(root, "src", mutant.file), "utf8");
      expect(source.split(mutant.from)).toHaveLength(2);
      expect((await runOver(mutant)).numFailedTests).toBeGreaterThan(0);
    });
  }

  for (const { bug, suite, words } of plantedElsewhere) {
    it(`${bug}, by a test of their own`, async () => {
      expect(await readFile(join(root, suite), "utf8")).toContain(words);
    });
  }
});
