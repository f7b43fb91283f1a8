import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { FULL, report } from "@store/testing";
import { describe, expect, it } from "vitest";

import type { DriverReport, DriverTask } from "./driver.ts";
import {
  FILE_SYSTEMS,
  type FileSystem,
  whyNoPowerCut,
} from "../../../src/testing/power-cut-disk.ts";
import type { SyncMistake } from "./unsynced-fs.ts";

/** Cuts by default, 200 in all: btrfs is cut by copying its disk, which takes the longest. */
const CUTS_USUAL: Readonly<Record<FileSystem, number>> = { ext4: 90, xfs: 70, btrfs: 40 };
const TIMEOUT_MS = FULL ? 7_200_000 : 180_000;

/** What a run prints if every single cut goes wrong. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const execute = promisify(execFile);
const driver = join(import.meta.dirname, "driver.ts");

async function drive(
  task: Omit<DriverTask, "directory">,
  signal?: AbortSignal,
): Promise<DriverReport> {
  const directory = await mkdtemp(join(tmpdir(), "store-powercut-"));
  try {
    const argument = JSON.stringify({ ...task, directory } satisfies DriverTask);
    // A mount namespace of its own: whatever happens to the driver, no mount outlives it.
    const unshare = ["--mount", "--propagation", "private"];
    const node = [process.execPath, "--conditions=@store/source", driver, argument];
    const { stdout } = await execute("unshare", [...unshare, ...node], {
      maxBuffer: OUTPUT_BYTES_MAX,
      ...(signal === undefined ? {} : { signal }),
    });
    return JSON.parse(stdout) as DriverReport;
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

const disks = await Promise.all(
  FILE_SYSTEMS.map(async (fileSystem) => ({ fileSystem, reason: await whySkipped(fileSystem) })),
);

interface Mistake {
  readonly mistake: SyncMistake;
  readonly title: string;
  /** The operation that shows it by default. */
  readonly shownBy?: string;
  /** Where it shows; mostly at the end. */
  readonly before?: string;
}

const mistakes: readonly Mistake[] = [
  { mistake: "none", title: "nothing is synced" },
  { mistake: "no-file", title: "contents are not synced" },
  { mistake: "no-directory", title: "names are not synced" },
  { mistake: "late-file", title: "contents are synced after they have their final name" },
  {
    mistake: "early-journal",
    title: "ranges are recorded before they are on the disk",
    // The journal of one that was taken over was opened under a temporary name.
    before: "^fsync .*[.]partial-[^/]*/(?!data)",
    shownBy: "ingest of three ranges through buffers, resumed",
  },
];

describe("power cuts", () => {
  for (const { fileSystem, reason } of disks) {
    const where = reason === undefined ? fileSystem : `${fileSystem} (skipped: ${reason})`;
    // All at once: a cut mostly waits for the kernel.
    const options = { concurrent: true, skip: reason !== undefined, timeout: TIMEOUT_MS };

    it(`leave a whole store, and all that it acknowledged, on ${where}`, options, async (test) => {
      const sample = FULL ? {} : { cuts: CUTS_USUAL[fileSystem] };
      const { cuts, violations } = await drive({ fileSystem, ...sample }, test.signal);
      expect(violations).toEqual([]);
      expect(cuts).toBeGreaterThanOrEqual(FULL ? 200 : CUTS_USUAL[fileSystem]);
      report(`${fileSystem}: ${cuts} cuts`);
    });

    // One operation and one file system show by default that each mistake is found.
    for (const { mistake, title, before, shownBy = "put" } of FULL || fileSystem === "ext4"
      ? mistakes
      : []) {
      it(`show that ${title} on ${where}`, options, async (test) => {
        const sample = FULL ? {} : { only: [shownBy] };
        const { violations } = await drive({ fileSystem, mistake, before, ...sample }, test.signal);
        expect(violations).not.toEqual([]);
      });
    }
  }
});
