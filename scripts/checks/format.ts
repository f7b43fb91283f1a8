// Every file is formatted as the formatter would write it.

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";

export const format: Step = {
  name: "format",
  run: async (root) => {
    const { code, output } = await runCommand("oxfmt", ["--list-different"], { cwd: root });
    if (code === 0) return { problems: [] };
    return { problems: [`${output.trimEnd()}\nrewrite them with: pnpm format`] };
  },
};
