import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { type Mutant, mutants } from "./mutants.ts";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const vitest = join(
  dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
  "vitest.mjs",
);

/** How many tests fail over sources that have a bug, of those that must find it. */
async function countFailures({ bug, suite, test }: Mutant): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "store-mutant-"));
  const report = join(directory, "report.json");
  const config = join(import.meta.dirname, "vitest.config.ts");
  const args = ["run", suite, "--config", config, "-t", test, `--outputFile=${report}`];
  const env = { ...process.env, STORE_TEST_MUTANT: bug };
  try {
    // It ends with an error, which is the point; the report says whether a test did.
    await execute(process.execPath, [vitest, ...args], { cwd: root, env }).catch(() => {});
    const { numFailedTests } = JSON.parse(await readFile(report, "utf8")) as {
      readonly numFailedTests: number;
    };
    return numFailedTests;
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe("the tests find out where", () => {
  it.each(mutants)("$bug", { timeout: 120_000 }, async (mutant) => {
    const source = await readFile(join(root, "src", mutant.file), "utf8");
    expect(source.split(mutant.from)).toHaveLength(2);
    expect(await countFailures(mutant)).toBeGreaterThan(0);
  });
});
