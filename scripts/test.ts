// `pnpm test`: everything there is to know about this tree, in one command.
//
// Nothing stops at the first failure. The last line is the sum over the checks and over the tests of
// all projects, and the exit code says whether it is good.

import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";

import { checks } from "./check.ts";
import { runCommand } from "./run-command.ts";
import { runTurbo, type TaskResult } from "./run-turbo.ts";
import { printStep, runStep } from "./step.ts";
import { findSystemTools } from "./system-tools.ts";
import { createTally, type Tally } from "./tally.ts";
import { readTestReport } from "./test-report.ts";
import { listProjects, type Project } from "./workspace.ts";

const REPORT = "test-report.json";

async function main(root: string): Promise<boolean> {
  const tally = createTally({ testsExpected: true });
  for (const check of checks) tally.addStep(await runStep(check, root));
  await testScripts(root, tally);
  await testProjects(root, tally);
  return tally.finish();
}

/** The checks have tests of their own: each must turn red on what it is there to find. */
async function testScripts(root: string, tally: Tally): Promise<void> {
  const path = join(root, "scripts", REPORT);
  await rm(path, { force: true });
  const startedMs = performance.now();
  const { code, output } = await runCommand("vitest", ["run", "--root", "scripts"], { cwd: root });
  tally.addTests({
    name: "scripts",
    exitCode: code,
    elapsedMs: performance.now() - startedMs,
    log: output,
    report: await readTestReport(path),
  });
}

async function testProjects(root: string, tally: Tally): Promise<void> {
  const projects = await listProjects(root);
  // A report of an earlier run must not speak for a run that left none.
  await Promise.all(projects.map(({ dir }) => rm(join(root, dir, REPORT), { force: true })));
  const env = { STORE_TEST_TOOLS: (await findSystemTools()).join(" ") };
  const results = await runTurbo(root, ["build", "typecheck", "test"], env);

  // A build that fails has been counted among the checks.
  const typechecks = endsOf("typecheck", projects, results).map(({ end }) => end);
  const problems = typechecks
    .filter(({ exitCode }) => exitCode !== 0)
    .map(({ id, log }) => `${id}\n${log}`);
  const elapsedMs = typechecks.reduce((sum, end) => sum + end.elapsedMs, 0);
  printStep("typecheck", problems.length === 0, elapsedMs, { problems });
  tally.addStep(problems.length === 0);

  for (const { project, end } of endsOf("test", projects, results)) {
    const report = await readTestReport(join(root, project.dir, REPORT));
    tally.addTests({ ...end, name: project.name, report });
  }
}

/** How a task ended in every library and app, and in what else has it; a task that is missing or did not start failed too. */
function endsOf(
  task: string,
  projects: readonly Project[],
  results: readonly TaskResult[],
): readonly { readonly project: Project; readonly end: TaskResult }[] {
  return projects
    .filter(({ kind, manifest }) => kind !== "tools" || manifest.scripts?.[task] !== undefined)
    .map((project) => {
      const id = `${project.name}#${task}`;
      const absent = { id, exitCode: undefined, elapsedMs: 0, log: "it did not run" };
      return { project, end: results.find((result) => result.id === id) ?? absent };
    });
}

if (import.meta.main) {
  if (!(await main(resolve(import.meta.dirname, "..")))) process.exitCode = 1;
}
