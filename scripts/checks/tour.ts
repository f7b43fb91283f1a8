// The README's tour works as typed: its commands run in a shell, in a store of their own, on the
// bundle that the check `build` made. The line that builds is left out, so that it is not done twice.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";

const BUILD_LINE = "npx -y pnpm@12 build";

export const tour: Step = {
  name: "tour",
  run: async (root) => {
    const commands = tourOf(await readFile(join(root, "README.md"), "utf8"));
    if (commands === undefined)
      return { problems: ["README.md has no tour, or it does not build"] };
    const script = ["set -euo pipefail", "shopt -s expand_aliases", commands].join("\n");
    const { code, output } = await runCommand("bash", ["-c", script], { cwd: root });
    return { problems: code === 0 ? [] : [`the tour ends with ${code}\n${output}`] };
  },
};

/** The first shell block of the tour without its build line. */
export function tourOf(readme: string): string | undefined {
  const section = readme.split(/^## /m).find((part) => part.startsWith("A tour"));
  const block = /```sh\n([\s\S]*?)```/.exec(section ?? "")?.[1];
  return block?.includes(BUILD_LINE) === true ? block.replace(BUILD_LINE, "true") : undefined;
}
