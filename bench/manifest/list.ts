import { join } from "node:path";

import { filesOf, type ManifestStore } from "@store/manifest";

import { compare } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { fillNames, openNames } from "./name-store.ts";

const NAMES = 100_000;
/** Those whose documents are read: the same work for each, at a fifth of the time. */
const DOCUMENTS = 20_000;
/** Names whose documents are read at the same time, as `store ls` does. */
const READS_AT_ONCE = 16;

async function listAll(manifests: ManifestStore): Promise<void> {
  let listed = 0;
  for await (const { path } of manifests.list()) listed += path.length > 0 ? 1 : 0;
  if (listed !== NAMES) throw new Error(`${listed} names`);
}

async function readAll(manifests: ManifestStore): Promise<void> {
  const names = manifests.list()[Symbol.asyncIterator]();
  let size = 0;
  async function read(): Promise<void> {
    for (let next = await names.next(); next.done !== true; next = await names.next()) {
      const stored = await manifests.get(next.value.name);
      if (stored === undefined) throw new Error(`gone: ${next.value.path}`);
      for (const file of filesOf(stored.document)) size += file.size;
    }
  }
  await Promise.all(Array.from({ length: READS_AT_ONCE }, read));
  if (size === 0) throw new Error("nothing was read");
}

/** Listing names, and listing them with what they hold, against tools that only read the bytes. */
export function benchNames(): Promise<void> {
  return withScratch(async (directory) => {
    const all = join(directory, "all");
    const some = join(directory, "some");
    fillNames(all, NAMES);
    fillNames(some, DOCUMENTS);
    await compare(`list ${NAMES} names`, {
      ours: { name: "list", run: async () => listAll(await openNames(all)) },
      theirs: {
        name: "find -type f",
        run: () => runCommand("find", [join(all, "manifests"), "-type", "f"]),
      },
      target: 2,
    });
    await compare(`list ${DOCUMENTS} names with their documents`, {
      ours: { name: "list and get", run: async () => readAll(await openNames(some)) },
      theirs: {
        name: "find -exec cat {} +",
        run: () =>
          runCommand("find", [join(some, "manifests"), "-type", "f", "-exec", "cat", "{}", "+"]),
      },
      rounds: 3,
      target: 2,
    });
  });
}
