// Nothing is kept that nobody uses: no file, no export, no dependency.

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";

export const unused: Step = {
  name: "unused",
  run: async (root) => {
    const { code, output } = await runCommand("knip", ["--no-progress", "--no-config-hints"], {
      cwd: root,
    });
    return { problems: code === 0 ? [] : [output] };
  },
};
