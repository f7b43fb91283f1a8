// Everything builds. The checks that look at built files come after this one.

import { runTurbo } from "../run-turbo.ts";
import type { Step } from "../step.ts";

export const build: Step = {
  name: "build",
  run: async (root) => {
    const failed = (await runTurbo(root, ["build"])).filter((task) => task.exitCode !== 0);
    return { problems: failed.map((task) => `${task.id}\n${task.log}`) };
  },
};
