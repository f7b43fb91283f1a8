import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { FULL, report } from "../support/full.ts";
import type { CutReport, CutTask } from "./power-cut.ts";

const CUTS_USUAL = 1;
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

async function whyNot(fileSystem: "ext4" | "xfs"): Promise<string | undefined> {
  if (process.platform !== "linux") return "needs Linux";
  if (!process.features.typescript) return "needs a Node that runs TypeScript sources";
  if (process.getuid?.() !== 0) return "needs root";
  const attempt = `PATH=$PATH:/usr/sbin:/sbin; command -v xfs_io && command -v mkfs.${fileSystem} && unshare --mount sh -c 'mount -t tmpfs none /mnt && truncate -s 320M /mnt/i && mkfs.${fileSystem} -q /mnt/i && mkdir /mnt/d && mount -o loop /mnt/i /mnt/d'`;
  return promisify(execFile)("sh", ["-c", attempt]).then(
    () => undefined,
    () => `no ${fileSystem} in a file can be mounted and cut off here`,
  );
}

for (const fileSystem of ["ext4", "xfs"] as const) {
  const reason = await whyNot(fileSystem);
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
  describe.skipIf(reason !== undefined)(`power cuts on ${fileSystem}${skipped}`, () => {
    it(
      "leave every blob readable, wherever it was on its way",
      async () => {
        const { cuts, violations } = await drive({
          fileSystem,
          cuts: FULL ? Number.MAX_SAFE_INTEGER : CUTS_USUAL,
        });
        expect(violations).toEqual([]);
        report(`${fileSystem}: ${cuts} cuts`);
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
