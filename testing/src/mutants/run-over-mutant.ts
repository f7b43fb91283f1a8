import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { type Mutant, mutate } from "./mutant.ts";

const execute = promisify(execFile);
const vitest = join(
  dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
  "vitest.mjs",
);

/** A bug, and the test of the package's own that must find it. */
export interface TestedMutant extends Mutant {
  /** The test file, below the package. */
  readonly suite: string;
  /** Words of the test's title, as a regular expression. */
  readonly test: string;
}

/** What the configuration of such a run is told. */
export interface MutantRun {
  readonly root: string;
  /** The absolute path of the file that has the bug. */
  readonly path: string;
  readonly mutant: Mutant;
}

/** How many tests fail over the sources of the package in `root` with a bug in them. */
export async function countFailures(root: string, mutant: TestedMutant): Promise<number> {
  const path = join(root, "src", mutant.file);
  mutate(await readFile(path, "utf8"), mutant);
  const directory = await mkdtemp(join(tmpdir(), "store-mutant-"));
  const report = join(directory, "report.json");
  const config = join(import.meta.dirname, "vitest.config.ts");
  const { suite, test } = mutant;
  const args = ["run", suite, "--config", config, "-t", test, `--outputFile=${report}`];
  const run: MutantRun = { root, path, mutant };
  const env = { ...process.env, STORE_TEST_MUTANT: JSON.stringify(run) };
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
