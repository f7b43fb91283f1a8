// Lints the whole repository with type information; a warning counts as a problem.

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";

export const lint: Step = {
  name: "lint",
  run: async (root) => {
    const { code, output } = await runCommand(
      "oxlint",
      ["--type-aware", "--deny-warnings", "--report-unused-disable-directives"],
      { cwd: root },
    );
    return { problems: code === 0 ? [] : [output] };
  },
};
