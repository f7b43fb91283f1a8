import { access } from "node:fs/promises";
import { join, resolve } from "node:path";

import { compare } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { writeBlobs, writeModels } from "./tree.ts";

const MODELS = 1_000;
const LAYERS_EACH = 100;
const CLI = resolve(import.meta.dirname, "../../apps/cli/dist/store.js");

/** A sweep that finds nothing to do against a list of the same models, both as a user runs them. */
export function benchGcIdle(): Promise<void> {
  return withScratch(async (directory) => {
    await access(CLI).catch(() => {
      throw new Error("the command line is not built: run `pnpm build` first");
    });
    const root = join(directory, "models");
    writeBlobs(root, 0, MODELS * LAYERS_EACH);
    writeModels(root, MODELS * LAYERS_EACH);
    const store = (...args: readonly string[]): Promise<void> =>
      runCommand(process.execPath, [CLI, "--home", root, ...args]);
    await compare(`a sweep with nothing to do over ${MODELS} models`, {
      ours: { name: "store gc", run: () => store("gc") },
      theirs: { name: "store list", run: () => store("list") },
      target: 3,
    });
  });
}
