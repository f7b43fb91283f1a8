import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { openBlobStore, openLayout } from "@store/layout";

import { compare, report } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";

async function fill(root: string, blobCount: number): Promise<void> {
  for (let index = 0; index < blobCount; index += 1) {
    const hex = createHash("sha256").update(String(index)).digest("hex");
    const directory = join(root, "blobs", "sha256", hex.slice(0, 2), hex);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "data"), String(index));
  }
}

async function count(root: string): Promise<number> {
  let listed = 0;
  for await (const digest of openBlobStore(await openLayout(root)).list())
    listed += digest.length > 0 ? 1 : 0;
  return listed;
}

/** Listing by the names of directories against walking into each of them. */
export function benchList(): Promise<void> {
  return withScratch(async (directory) => {
    const small = join(directory, "small");
    const large = join(directory, "large");
    await fill(small, 1_000);
    await fill(large, 100_000);
    await compare("list 100,000 blobs", {
      ours: { name: "list", run: () => count(large) },
      theirs: {
        name: "find -type f",
        run: () => runCommand("find", [join(large, "blobs"), "-type", "f"]),
      },
      target: 0.2,
    });
    const ratio = await compare("list 100,000 blobs against 1,000", {
      ours: { name: "100,000", run: () => count(large) },
      theirs: { name: "1,000", run: () => count(small) },
      target: 100,
    });
    report("list grows", `${(ratio / 100).toFixed(2)} times linearly`);
  });
}
