// Counts what passed and what failed over a whole run, and says so in its last line.

import { print, printStep } from "./step.ts";
import type { TestReport } from "./test-report.ts";

/** How the test task of one project ended. */
export interface TestRun {
  readonly name: string;
  /** `undefined` if it did not run. */
  readonly exitCode: number | undefined;
  readonly elapsedMs: number;
  /** What it printed, for a reader who has to find out why it failed. */
  readonly log: string;
  /** `undefined` if it left none. */
  readonly report: TestReport | undefined;
}

export interface Tally {
  addStep(passed: boolean): void;
  /** Prints the line of a test run and counts its tests. */
  addTests(run: TestRun): void;
  /** Prints what was skipped and the sum; answers whether the whole run is good. */
  finish(): boolean;
}

/** With `testsExpected`, a run in which no test passed or failed is not good. */
export function createTally(options: { readonly testsExpected: boolean }): Tally {
  let passed = 0;
  let failed = 0;
  let tests = 0;
  const skipped: string[] = [];

  return {
    addStep(good) {
      if (good) passed += 1;
      else failed += 1;
    },
    addTests(run) {
      const { name, exitCode, log, report } = run;
      const problems = (report?.failed ?? []).map((title) => `failed: ${title}`);
      if (report === undefined) problems.push("it left no report of its tests");
      else if (exitCode !== 0 && problems.length === 0) problems.push("it failed beside its tests");
      failed += problems.length;
      passed += report?.passed ?? 0;
      tests += (report?.passed ?? 0) + (report?.failed.length ?? 0);
      skipped.push(...(report?.skipped ?? []).map((title) => `${name}: ${title}`));
      const good = problems.length === 0;
      if (!good && log !== "") problems.push(log);
      printStep(name, good, run.elapsedMs, { problems, summary: describe(report) });
    },
    finish() {
      if (skipped.length > 0) print(`\n${skipped.length} skipped:`);
      for (const title of skipped) print(`      ${title}`);
      if (options.testsExpected && tests === 0) {
        print("\nno test ran");
        failed += 1;
      }
      print("");
      print(`${passed} passed, ${failed} failed`);
      return failed === 0;
    },
  };
}

function describe(report: TestReport | undefined): string {
  if (report === undefined) return "no report";
  const skipped = report.skipped.length > 0 ? `, ${report.skipped.length} skipped` : "";
  const failed = report.failed.length > 0 ? `, ${report.failed.length} failed` : "";
  return `${report.passed} passed${failed}${skipped}`;
}
