// `pnpm crash`: the long suites, which interrupt the software at every instruction they can.
//
// They are not part of `pnpm test` because they take minutes. A package has one if its manifest has a
// `crash` script.

import { join, resolve } from "node:path";

import { runCommand } from "./run-command.ts";
import { print, runStep } from "./step.ts";
import { createTally } from "./tally.ts";
import { listProjects } from "./workspace.ts";

async function main(root: string): Promise<boolean> {
  const tally = createTally({ testsExpected: false });
  const projects = await listProjects(root);
  const suites = projects.filter(({ manifest }) => manifest.scripts?.["crash"] !== undefined);
  if (suites.length === 0) print("no package has a crash suite");
  for (const { name, dir } of suites) {
    const suite = {
      name,
      run: async () => {
        const cwd = join(root, dir);
        const { code } = await runCommand("pnpm", ["run", "crash"], { cwd, root, stream: true });
        return { problems: code === 0 ? [] : [`its suite ended with code ${code}`] };
      },
    };
    print(`${name}: crash suite`);
    tally.addStep(await runStep(suite, root));
  }
  return tally.finish();
}

if (!(await main(resolve(import.meta.dirname, "..")))) process.exitCode = 1;
