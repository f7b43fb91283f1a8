import { join } from "node:path";

import { runCommand } from "./run-command.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Compiles a package and those it needs, for benchmarks of what users run. */
export function buildPackage(folder: string): Promise<void> {
  const compiler = join(ROOT, "node_modules", ".bin", "tsc");
  return runCommand(compiler, ["-b", join(ROOT, "packages", folder, "tsconfig.build.json")]);
}
