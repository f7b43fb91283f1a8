import { readFile, unlink, writeFile } from "node:fs/promises";

import {
  type Digest,
  digestBytes,
  type Finding,
  ifPresent,
  type Layout,
  openBlobStore,
} from "@store/layout";
import { createContent } from "@store/layout/testing";

import {
  applyRepack,
  createPackWriter,
  openPackDebris,
  openPackSet,
  openSweepablePacks,
  packBlobs,
  packInfoOf,
  packPath,
  planRepack,
  repairPacks,
  unpackBlobs,
  verifyPacks,
} from "../../src/index.ts";
import { addAll, noOneNeeds } from "../support/stores.ts";

/** One way blobs move, as the crash tests drive it. */
export interface CrashOperation {
  readonly name: string;
  /** Puts on disk what the operation starts from. */
  prepare(layout: Layout): Promise<void>;
  /** It starts from damage that it may leave when it is cut short; nothing kept is damaged. */
  readonly mends?: boolean;
  /** May be carried out again when it was cut short. */
  run(layout: Layout): Promise<unknown>;
}

/** What can be read at every instant of every operation. */
export const kept: readonly Uint8Array[] = Array.from({ length: 4 }, (_, seed) =>
  createContent(700 + 400 * seed, 300 + seed),
);
export const keptDigests: readonly Digest[] = kept.map((content) => digestBytes(content));
/** What nobody needs. */
const dead = Array.from({ length: 4 }, (_, seed) => createContent(900, 400 + seed));
const deadDigests = dead.map((content) => digestBytes(content));

async function writePack(layout: Layout, contents: readonly Uint8Array[]) {
  await using writer = createPackWriter(layout);
  for (const content of contents) await writer.add(content);
  return await writer.finish();
}

async function repack(layout: Layout): Promise<unknown> {
  await using set = await openPackSet(layout);
  const packs = await Promise.all(set.packs().map(packInfoOf));
  const policy = { liveShareMin: 0.6, mergeBelowBytes: 4096, packBytesMax: 1 << 20 };
  const plan = await planRepack(packs, new Set(keptDigests), policy);
  return await applyRepack(layout, plan, { lookAgain: noOneNeeds });
}

/** As a sweep does it: pack by pack. */
async function drop(layout: Layout): Promise<void> {
  await using set = await openPackSet(layout);
  const packs = openSweepablePacks(layout, set);
  for await (const { id, digests } of packs.list()) {
    const going = digests.filter((digest) => deadDigests.includes(digest));
    if (going.length > 0) await packs.drop(id, going, { lookAgain: noOneNeeds });
  }
}

/** A pack of something kept and of a dead object whose bytes have changed, and one without its tables. */
async function damage(layout: Layout): Promise<void> {
  const { id } = await writePack(layout, [...kept.slice(0, 3), dead[0]!]);
  const path = packPath(layout, id, "dat");
  const bytes = await readFile(path);
  bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
  await unlink(path);
  await writeFile(path, bytes);
  const other = await writePack(layout, kept.slice(2));
  await unlink(packPath(layout, other.id, "ids"));
  await addAll(layout, kept.slice(3));
}

async function mend(layout: Layout): Promise<void> {
  const findings: Finding[] = [];
  for await (const finding of verifyPacks(layout)) findings.push(finding);
  await repairPacks(layout, findings);
}

export const operations: readonly CrashOperation[] = [
  {
    name: "pack",
    prepare: async (layout) => void (await addAll(layout, kept)),
    run: (layout) => packBlobs(layout, keptDigests, { packBytesMax: 3000 }),
  },
  {
    name: "pack what a pack holds already",
    async prepare(layout) {
      await writePack(layout, kept);
      await addAll(layout, kept);
    },
    run: (layout) => packBlobs(layout, keptDigests),
  },
  {
    name: "unpack",
    prepare: async (layout) => void (await writePack(layout, kept)),
    run: (layout) => unpackBlobs(layout, keptDigests),
  },
  {
    name: "repack",
    async prepare(layout) {
      await writePack(layout, [kept[0]!, ...dead]);
      await writePack(layout, [kept[1]!, kept[2]!]);
      await writePack(layout, [kept[3]!, kept[0]!]);
    },
    run: repack,
  },
  {
    name: "drop from packs",
    async prepare(layout) {
      await writePack(layout, [...dead, ...kept.slice(0, 2)]);
      await writePack(layout, [dead[0]!, ...kept.slice(2)]);
      await writePack(layout, dead.slice(2));
      await openBlobStore(layout).release(deadDigests);
    },
    run: drop,
  },
  { name: "mend", mends: true, prepare: damage, run: mend },
  {
    name: "remove leftovers, and write the same pack",
    async prepare(layout) {
      const { id } = await writePack(layout, kept);
      await layout.fs.unlink(packPath(layout, id, "idx"));
      await addAll(layout, kept);
    },
    async run(layout) {
      const debris = openPackDebris(layout);
      await Promise.all([
        packBlobs(layout, keptDigests),
        (async () => {
          for await (const { id } of debris.list()) await ifPresent(debris.remove(id));
        })(),
      ]);
    },
  },
];

export function findOperation(name: string): CrashOperation {
  const found = operations.find((operation) => operation.name === name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
}
