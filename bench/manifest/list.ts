import { join } from "node:path";

import { filesOf, type ManifestStore } from "@store/manifest";

import { compare } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { fillNames, openNames } from "./name-store.ts";

const NAMES = 100_000;

async function listAll(manifests: ManifestStore): Promise<void> {
  let listed = 0;
  for await (const { path } of manifests.list()) listed += path.length > 0 ? 1 : 0;
  if (listed !== NAMES) throw new Error(`${listed} names`);
}

async function readAll(manifests: ManifestStore): Promise<void> {
  let listed = 0;
  let size = 0;
  for await (const listing of manifests.listStored()) {
    if ("error" in listing) throw listing.error;
    for (const file of filesOf(listing.stored.document)) size += file.size;
    listed += 1;
  }
  if (listed !== NAMES || size === 0) throw new Error(`${listed} names, ${size} bytes`);
}

/** Listing names, and listing them with what they hold, against tools that only read the bytes. */
export function benchNames(): Promise<void> {
  return withScratch(async (root) => {
    fillNames(root, NAMES);
    const directory = join(root, "manifests");
    await compare(`list ${NAMES} names`, {
      ours: { name: "list", run: async () => listAll(await openNames(root)) },
      theirs: {
        name: "find -type f",
        run: () => runCommand("find", [directory, "-type", "f"]),
      },
      rounds: 9,
      target: 2,
    });
    await compare(`list ${NAMES} names with their documents`, {
      ours: { name: "listStored", run: async () => readAll(await openNames(root)) },
      theirs: {
        name: "find -exec cat {} +",
        run: () => runCommand("find", [directory, "-type", "f", "-exec", "cat", "{}", "+"]),
      },
      target: 2,
    });
  });
}
