// The scripts, the benchmarks and what tests share have no type errors. Packages check their own types.

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";
import { listFiles } from "../list-files.ts";

const PROJECTS = ["scripts", "bench", "testing"];

export const types: Step = {
  name: "types",
  run: async (root) => {
    const files = await listFiles(root);
    const problems: string[] = [];
    for (const project of PROJECTS) {
      // The compiler takes a project without sources for a mistake in its configuration.
      if (!files.some((path) => path.startsWith(`${project}/`) && path.endsWith(".ts"))) continue;
      const { code, output } = await runCommand("tsc", ["-p", project], { cwd: root });
      if (code !== 0) problems.push(output);
    }
    return { problems };
  },
};
