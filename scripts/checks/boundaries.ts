// No package imports what it does not declare, what lies outside it, or what its layer may not see.

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";

export const boundaries: Step = {
  name: "boundaries",
  run: async (root) => {
    const { code, output } = await runCommand("turbo", ["boundaries"], { cwd: root });
    return { problems: code === 0 ? [] : [output] };
  },
};
