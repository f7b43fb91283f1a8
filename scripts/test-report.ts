// The report a project's test runner leaves behind, reduced to what a summary needs.

import { readFile } from "node:fs/promises";

export interface TestReport {
  readonly passed: number;
  /** Full titles of failed tests, and files that failed without one. */
  readonly failed: readonly string[];
  /** Full titles of tests that did not run; the title says why. */
  readonly skipped: readonly string[];
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Answers `undefined` when there is no report, or only the beginning of one. */
export async function readTestReport(path: string): Promise<TestReport | undefined> {
  try {
    return summarizeReport(JSON.parse(await readFile(path, "utf8")) as VitestReport);
  } catch {
    return undefined;
  }
}

function summarizeReport(report: VitestReport): TestReport {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const file of report.testResults) {
    const failedBefore = failed.length;
    for (const { fullName, status } of file.assertionResults) {
      if (status === "passed") passed += 1;
      else if (status === "failed") failed.push(fullName);
      // Its process died, or the run was cut short.
      else if (status === "pending") failed.push(`${fullName} (did not finish)`);
      else skipped.push(fullName);
    }
    // A file that cannot be loaded, or whose hooks fail, has failed even with no test to blame.
    if (file.status === "failed" && failed.length === failedBefore) {
      failed.push(`${file.name}: ${file.message ?? "failed"}`);
    }
  }
  return { passed, failed, skipped };
}
