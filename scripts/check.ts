// `pnpm check`: the static checks that keep the repository in shape, in one list.
//
// `pnpm check lint third-party` runs only the named ones. The checks from `build` on read built files.

import { resolve } from "node:path";

import { boundaries } from "./checks/boundaries.ts";
import { build } from "./checks/build.ts";
import { exports } from "./checks/exports.ts";
import { fileLength } from "./checks/file-length.ts";
import { format } from "./checks/format.ts";
import { houseWords } from "./checks/house-words.ts";
import { layering } from "./checks/layering.ts";
import { lint } from "./checks/lint.ts";
import { packageLint } from "./checks/package-lint.ts";
import { thirdParty } from "./checks/third-party.ts";
import { tour } from "./checks/tour.ts";
import { types } from "./checks/types.ts";
import { unused } from "./checks/unused.ts";
import { runStep, type Step } from "./step.ts";
import { createTally } from "./tally.ts";

export const checks: readonly Step[] = [
  boundaries,
  layering,
  thirdParty,
  fileLength,
  houseWords,
  format,
  build,
  types,
  lint,
  unused,
  exports,
  packageLint,
  tour,
];

async function main(root: string, names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length > 0) {
    const known = checks.map(({ name }) => name).join(", ");
    throw new Error(`no check is called ${unknown.join(", ")}; there are ${known}`);
  }
  const tally = createTally({ testsExpected: false });
  for (const check of checks) {
    if (names.length > 0 && !names.includes(check.name)) continue;
    tally.addStep(await runStep(check, root));
  }
  if (!tally.finish()) process.exitCode = 1;
}

if (import.meta.main) await main(resolve(import.meta.dirname, ".."), process.argv.slice(2));
