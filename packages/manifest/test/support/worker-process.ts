/**
 * A process of its own: `worker-process.ts <root> <role> <label> <rounds>`. It ends after so many
 * rounds or with its input, with an error if it sees what nobody may see, and prints what it did.
 */
import { setTimeout } from "node:timers/promises";

import {
  createId,
  type Digest,
  isStoreError,
  openBlobStore,
  openLayout,
  openLeaseStore,
  type Trashed,
} from "@store/layout";

import { formatName, openManifestStore, referencedDigests } from "../../src/index.ts";
import { createRandom } from "./random.ts";
import { addBlob, collect, describeText, imageBytes, nameOf } from "./test-store.ts";

/** So often a name is looked at once nobody is left who could still have to take it back. */
const LAST_LOOKS = 100;

/** Gives the others their turn. */
const PAUSE_MS_MAX: Readonly<Record<string, number>> = { write: 10, read: 10, sweep: 100 };

const [, , root = "", role = "", label = "", rounds = "0"] = process.argv;
const NAMES = ["h/n/m:a", "h/n/m:b", "h/other/m:a"].map(nameOf);
const CONTENTS = ["one", "two", "three", "four"];

const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const manifests = openManifestStore(layout, { blobs, leases: openLeaseStore(layout) });
const random = createRandom(label);
const tally: Record<string, number> = {};
const over = new AbortController();
process.stdin.on("end", () => over.abort()).resume();

function count(what: string): void {
  tally[what] = (tally[what] ?? 0) + 1;
}

/**
 * What a writer is told whose blobs a sweep takes again and again, which it does to those without
 * leases: the name is what it was before.
 */
function isSwept(error: unknown): boolean {
  return (
    isStoreError(error, "ERR_STORE_MANIFEST_BLOB_MISSING") ||
    isStoreError(error, "ERR_STORE_INGEST_LOST")
  );
}

async function write(): Promise<void> {
  const name = random.pick(NAMES);
  if (random.below(3) === 0) {
    count((await manifests.unlink(name)) ? "unlinked" : "absent");
    return;
  }
  const content = random.pick(CONTENTS);
  const bytes = imageBytes([describeText(content)]);
  try {
    await addBlob(blobs, content);
    await manifests.put(name, bytes);
    count("published");
  } catch (error) {
    if (!isSwept(error)) throw error;
    count("swept");
  }
}

async function isWhole(digests: readonly Digest[]): Promise<boolean> {
  for (const digest of digests) if ((await blobs.stat(digest)) === undefined) return false;
  return true;
}

/**
 * The whole document of a name with all its blobs, or no name. For moments one may be missing: while
 * a sweep looks whether a name needs it, and until a publish that lost it takes its name back. When
 * the readers are told to end, all publishes have.
 */
async function read(): Promise<void> {
  const name = random.pick(NAMES);
  for (let lastLooks = 0; lastLooks < LAST_LOOKS;) {
    const stored = await manifests.get(name);
    if (stored === undefined) {
      count("nothing");
      return;
    }
    if (await isWhole([stored.descriptor.digest, ...referencedDigests(stored.document)])) {
      count("whole");
      return;
    }
    count("looked again");
    if (over.signal.aborted) lastLooks += 1;
    await setTimeout(1);
  }
  throw new Error(`${formatName(name)} lacks a blob and stays`);
}

/** D1 to D4 for every blob, with nothing but the names to go by: no lease, no lock, no waiting time. */
async function sweep(): Promise<void> {
  const trashed: Trashed[] = [];
  const sweepId = createId();
  for (const digest of await collect(blobs.list())) {
    const one = await blobs.trash(digest, sweepId); // D1
    if (one !== undefined) trashed.push(one);
  }
  const needed = new Set((await collect(manifests.roots())).flatMap(({ digests }) => digests)); // D2
  for (const one of trashed) {
    if (needed.has(one.digest)) await one.restore(); // D3
    else await one.destroy(); // D4
    count(needed.has(one.digest) ? "restored" : "destroyed");
  }
}

const roles: Readonly<Record<string, () => Promise<void>>> = { write, read, sweep };
for (let round = 0; round < Number(rounds) && !over.signal.aborted; round += 1) {
  await roles[role]?.();
  await setTimeout(random.below(PAUSE_MS_MAX[role] ?? 1));
}
process.stdin.destroy();
process.stdout.write(JSON.stringify(tally));
