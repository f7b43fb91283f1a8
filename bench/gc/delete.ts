import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { applyGc, type GcPlan, planGc, takeSnapshot } from "@store/gc";
import { type Digest, openBlobStore, openLayout, parseDigest } from "@store/layout";

import { compare } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { blobPath, openPorts, writeBlobs, writeModels } from "./tree.ts";

const BLOBS = 100_000;
const DELETED = 10_000;

/** Deleting released blobs, each with a mark of its own, against removing their directories. */
export function benchGcDelete(): Promise<void> {
  return withScratch(async (directory) => {
    const root = join(directory, "models");
    const list = join(directory, "list");
    const kept = BLOBS - DELETED;
    writeBlobs(root, 0, kept);
    writeModels(root, kept);
    const paths = Array.from({ length: DELETED }, (_, index) => blobPath(root, kept + index));
    await writeFile(list, paths.map((path) => `${path}\n`).join(""));
    const digests = paths.map((path): Digest => parseDigest(`sha256:${path.slice(-64)}`));
    let plan: GcPlan | undefined;

    async function remove(): Promise<void> {
      if (plan === undefined) throw new Error("nothing was planned");
      const { destroyed } = await applyGc(plan, await openPorts(root));
      if (destroyed.length !== DELETED) throw new Error(`${destroyed.length} were deleted`);
    }
    async function prepare(): Promise<void> {
      writeBlobs(root, kept, BLOBS);
      await runCommand("sync", ["-f", root]);
    }
    await compare(`delete ${DELETED} of ${BLOBS} blobs`, {
      ours: {
        name: "sweep, from the plan on",
        async prepare() {
          await prepare();
          await openBlobStore(await openLayout(root)).release(digests);
          plan = planGc(await takeSnapshot(await openPorts(root)));
        },
        run: remove,
      },
      theirs: {
        name: "xargs rm -r",
        prepare,
        run: () => runCommand("xargs", ["-a", list, "rm", "-r"]),
      },
      target: 1.5,
    });
  });
}
