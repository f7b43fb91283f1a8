import { afterEach, describe, expect, it, vi } from "vitest";

import { createTally, type TestRun } from "../tally.ts";
import { readTestReport } from "../test-report.ts";
import { plantTree } from "./planted-tree.ts";

const RUN: TestRun = { name: "@store/gc", exitCode: 0, elapsedMs: 5, log: "", report: undefined };

/** The report of a package with one test that passed, one that failed and one that was skipped. */
const MIXED = {
  testResults: [
    {
      name: "plan.test.ts",
      status: "failed",
      assertionResults: [
        { fullName: "plans", status: "passed" },
        { fullName: "applies", status: "failed" },
        { fullName: "mounts (skipped: needs root)", status: "skipped" },
      ],
    },
  ],
};

async function readReport(content: unknown) {
  await using tree = await plantTree({ "test-report.json": content });
  return await readTestReport(`${tree.root}/test-report.json`);
}

/** What a tally prints, line by line. */
function listen(): () => readonly string[] {
  const spy = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  return () => spy.mock.calls.join("").trimEnd().split("\n");
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the sum of a run", () => {
  it("counts steps and tests, lists what was skipped, and ends with one line", async () => {
    const report = await readReport(MIXED);
    const lines = listen();
    const tally = createTally({ testsExpected: true });
    tally.addStep(true);
    tally.addStep(false);
    tally.addTests({ ...RUN, exitCode: 1, report });
    expect(tally.finish()).toBe(false);
    expect(lines()).toContain("      failed: applies");
    expect(lines()).toContain("      @store/gc: mounts (skipped: needs root)");
    expect(lines().at(-1)).toBe("2 passed, 2 failed");
  });

  it("is good when nothing failed", () => {
    const lines = listen();
    const tally = createTally({ testsExpected: true });
    tally.addTests({ ...RUN, report: { passed: 3, failed: [], skipped: [] } });
    expect(tally.finish()).toBe(true);
    expect(lines().at(-1)).toBe("3 passed, 0 failed");
  });

  it("counts a run without a report as one failure, also when it claims success", () => {
    const lines = listen();
    const tally = createTally({ testsExpected: false });
    tally.addTests({ ...RUN, exitCode: 1, log: "it crashed" });
    tally.addTests({ ...RUN, exitCode: 0 });
    tally.addTests({ ...RUN, exitCode: undefined });
    expect(tally.finish()).toBe(false);
    expect(lines()).toContain("      it crashed");
    expect(lines().at(-1)).toBe("0 passed, 3 failed");
  });

  it("counts a failure beside the tests, such as an error nobody caught", () => {
    const lines = listen();
    const tally = createTally({ testsExpected: true });
    tally.addTests({ ...RUN, exitCode: 1, report: { passed: 3, failed: [], skipped: [] } });
    expect(tally.finish()).toBe(false);
    expect(lines().at(-1)).toBe("3 passed, 1 failed");
  });

  it("is bad when no test ran", () => {
    const lines = listen();
    const tally = createTally({ testsExpected: true });
    tally.addStep(true);
    tally.addTests({ ...RUN, report: { passed: 0, failed: [], skipped: ["only this"] } });
    expect(tally.finish()).toBe(false);
    expect(lines().at(-1)).toBe("1 passed, 1 failed");
  });
});

describe("a report", () => {
  it("counts a file that could not be loaded as one failure", async () => {
    const file = { name: "a.test.ts", status: "failed", message: "no such module" };
    const report = await readReport({ testResults: [{ ...file, assertionResults: [] }] });
    expect(report?.failed).toEqual(["a.test.ts: no such module"]);
  });

  it("counts a test that did not finish as a failure, not as skipped", async () => {
    const tests = [{ fullName: "hangs", status: "pending" }];
    const file = { name: "a.test.ts", status: "passed", assertionResults: tests };
    const report = await readReport({ testResults: [file] });
    expect(report).toEqual({ passed: 0, failed: ["hangs (did not finish)"], skipped: [] });
  });

  it("is none when it is missing or cut off", async () => {
    expect(await readTestReport("/nowhere/test-report.json")).toBeUndefined();
    expect(await readReport('{ "testResults": [')).toBeUndefined();
  });
});
