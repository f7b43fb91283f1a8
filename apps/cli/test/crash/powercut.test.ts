import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { FILE_SYSTEMS, type FileSystem, whyNoPowerCut } from "@store/layout/testing";
import { FULL, report } from "@store/testing";
import { describe, expect, it } from "vitest";

import type { DriverReport, DriverTask } from "./powercut-driver.ts";
import { prepareStore } from "./sweep-store.ts";

/** Cuts per file system by default. */
const CUTS_USUAL = 4;
const TIMEOUT_MS = FULL ? 7_200_000 : 180_000;

const driver = join(import.meta.dirname, "powercut-driver.ts");

async function drive(fileSystem: FileSystem, cuts: number | undefined): Promise<DriverReport> {
  const directory = await mkdtemp(join(tmpdir(), "store-powercut-"));
  try {
    const original = join(directory, "original");
    await prepareStore(original);
    const mounts = join(directory, "mounts");
    await mkdir(mounts);
    const task: DriverTask = { directory: mounts, fileSystem, original, cuts };
    // A mount namespace of its own: whatever happens to the driver, no mount outlives it.
    const unshare = ["--mount", "--propagation", "private"];
    const node = [process.execPath, "--conditions=@store/source", driver, JSON.stringify(task)];
    const { stdout } = await promisify(execFile)("unshare", [...unshare, ...node]);
    return JSON.parse(stdout) as DriverReport;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Why no power can be cut here, or `undefined`: tools may be there and mounting forbidden. */
async function whySkipped(fileSystem: FileSystem): Promise<string | undefined> {
  // One file system shows by default what the long suite asks of all.
  if (!FULL && fileSystem !== "ext4") return "the long suite has it";
  const reason = await whyNoPowerCut(fileSystem);
  if (reason !== undefined) return reason;
  return drive(fileSystem, 0).then(
    () => undefined,
    () => `no ${fileSystem} in a file can be mounted here`,
  );
}

const disks = await Promise.all(
  FILE_SYSTEMS.map(async (fileSystem) => ({ fileSystem, reason: await whySkipped(fileSystem) })),
);

for (const { fileSystem, reason } of disks) {
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
  describe.skipIf(reason !== undefined)(`power cuts of a sweep on ${fileSystem}${skipped}`, () => {
    it(
      "lose nothing, and the next sweep finishes",
      async () => {
        const { cuts, violations } = await drive(fileSystem, FULL ? undefined : CUTS_USUAL);
        expect(violations).toEqual([]);
        expect(cuts).toBeGreaterThanOrEqual(FULL ? 100 : CUTS_USUAL);
        report(`a sweep on ${fileSystem}: ${cuts} cuts`);
      },
      TIMEOUT_MS,
    );
  });
}
