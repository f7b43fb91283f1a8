import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { FILE_SYSTEMS, type FileSystem, whyNoPowerCut } from "@store/layout/testing";
import { FULL, report } from "@store/testing";
import { describe, expect, it } from "vitest";

import { operations } from "./operations.ts";
import type { CutReport, CutTask } from "./power-cut.ts";

/** Cuts per operation by default, and one at its end. */
const CUTS_USUAL = 2;
/** Cuts that each operation must have had: fewer would mean that its calls were not found. */
const CUTS_MIN = FULL ? 20 : CUTS_USUAL;
const TIMEOUT_MS = FULL ? 3_600_000 : 180_000;

const driver = join(import.meta.dirname, "power-cut.ts");

async function drive(task: Omit<CutTask, "directory">): Promise<CutReport> {
  const directory = await mkdtemp(join(tmpdir(), "store-pack-cut-"));
  try {
    const argument = JSON.stringify({ ...task, directory } satisfies CutTask);
    const node = [process.execPath, "--conditions=@store/source", driver, argument];
    const unshare = ["--mount", "--propagation", "private", ...node];
    const { stdout } = await promisify(execFile)("unshare", unshare, {
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout) as CutReport;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Why no power can be cut here, or `undefined`: tools may be there and mounting forbidden. */
async function whySkipped(fileSystem: FileSystem): Promise<string | undefined> {
  const reason = await whyNoPowerCut(fileSystem);
  if (reason !== undefined) return reason;
  return drive({ fileSystem, only: [] }).then(
    () => undefined,
    () => `no ${fileSystem} in a file can be mounted here`,
  );
}

for (const fileSystem of FILE_SYSTEMS) {
  // btrfs is cut by copying its disk, which takes the longest.
  const reason =
    !FULL && fileSystem === "btrfs" ? "the long suite has it" : await whySkipped(fileSystem);
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
  describe.skipIf(reason !== undefined)(`power cuts on ${fileSystem}${skipped}`, () => {
    it(
      "leave every blob readable, wherever it was on its way",
      async () => {
        const cutsPerOperation = FULL ? {} : { cuts: CUTS_USUAL };
        const { cuts, violations } = await drive({ fileSystem, ...cutsPerOperation });
        expect(violations).toEqual([]);
        for (const { name } of operations) {
          expect(cuts[name], name).toBeGreaterThanOrEqual(CUTS_MIN);
          report(`${fileSystem}: ${cuts[name]} cuts of ${name}`);
        }
      },
      TIMEOUT_MS,
    );
    it.runIf(FULL || fileSystem === "ext4")(
      "show that contents are not synced",
      async () => {
        const { violations } = await drive({ fileSystem, cuts: 1, unsynced: true });
        expect(violations).not.toEqual([]);
      },
      TIMEOUT_MS,
    );
  });
}
