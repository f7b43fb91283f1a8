import { join } from "node:path";

import { takeSnapshot } from "@store/gc";

import { compare, report } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { openPorts, writeBlobs, writeModels } from "./tree.ts";

const SMALL = 1_000;
const LARGE = 100_000;

async function snapshot(root: string, blobCount: number): Promise<void> {
  const { needed } = await takeSnapshot(await openPorts(root));
  if (needed.referenced < blobCount) throw new Error(`only ${needed.referenced} are needed`);
}

/** Looking at a store in which a model needs each blob, against a walk over its files. */
export function benchGcSnapshot(): Promise<void> {
  return withScratch(async (directory) => {
    const rootOf = (count: number): string => join(directory, String(count));
    for (const count of [SMALL, LARGE]) {
      writeBlobs(rootOf(count), 0, count);
      writeModels(rootOf(count), count);
    }
    await compare(`snapshot of ${LARGE} blobs`, {
      ours: { name: "snapshot", run: () => snapshot(rootOf(LARGE), LARGE) },
      theirs: {
        name: "find -type f",
        run: () => runCommand("find", [rootOf(LARGE), "-type", "f"]),
      },
      target: 0.3,
    });
    const ratio = await compare(`snapshot of ${LARGE} blobs against ${SMALL}`, {
      ours: { name: String(LARGE), run: () => snapshot(rootOf(LARGE), LARGE) },
      theirs: { name: String(SMALL), run: () => snapshot(rootOf(SMALL), SMALL) },
      target: LARGE / SMALL,
    });
    report("a snapshot grows", `${((ratio * SMALL) / LARGE).toFixed(2)} times linearly`);
  });
}
