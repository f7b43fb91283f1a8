import { closeSync, mkdirSync, openSync, readSync, fstatSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { digestBytes, type Digest, digestHex, type Layout, openLayout } from "@store/layout";
import { createPackWriter, openPackSet } from "@store/pack";

import { compare, report } from "../harness/compare.ts";
import { longestBurst } from "../harness/longest-burst.ts";
import { withScratch } from "../harness/scratch.ts";
import { createObjects, shuffled } from "./corpus.ts";

const READ_COUNT = 50_000;
const BURST_MS_MAX = 50;

/** Where the benchmark keeps a loose file. */
function pathOf(directory: string, digest: Digest): string {
  const hex = digestHex(digest);
  return join(directory, "files", hex.slice(0, 2), hex, "data");
}

/** Writes the objects into a pack and beside it as files. Whoever reads them does not hold them. */
async function writeObjects(directory: string, layout: Layout): Promise<readonly Digest[]> {
  await using writer = createPackWriter(layout);
  const digests: Digest[] = [];
  for (const object of createObjects()) {
    await writer.add(object);
    const digest = digestBytes(object);
    digests.push(digest);
    const path = pathOf(directory, digest);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, object);
  }
  await writer.finish();
  return digests;
}

/** Reading small objects at random, verified, everything in the page cache. */
export function benchPackRead(): Promise<void> {
  return withScratch(async (directory) => {
    const layout = await openLayout(join(directory, "models"));
    const digests = await writeObjects(directory, layout);
    const wanted = shuffled(digests.length)
      .slice(0, READ_COUNT)
      .map((index) => digests[index] as Digest);
    await using packs = await openPackSet(layout);
    let total = 0;
    const readPacked = async (): Promise<void> => {
      for (const digest of wanted)
        for await (const bytes of packs.read(digest)) total += bytes.length;
    };
    const check = (bytes: Uint8Array, digest: Digest): void => {
      if (digestBytes(bytes) !== digest) throw new Error("wrong bytes");
    };
    await compare(`${wanted.length} verified random reads, loose with blocking calls`, {
      ours: { name: "pack", run: readPacked },
      theirs: {
        name: "open, fstat, read, close, hash",
        async run() {
          for (const digest of wanted) {
            const descriptor = openSync(pathOf(directory, digest), "r");
            const bytes = new Uint8Array(fstatSync(descriptor).size);
            readSync(descriptor, bytes, 0, bytes.length, 0);
            closeSync(descriptor);
            check(bytes, digest);
          }
        },
      },
      target: 1 / 0.9,
    });
    await compare("the same, loose with promises", {
      ours: { name: "pack", run: readPacked },
      theirs: {
        name: "readFile, hash",
        async run() {
          for (const digest of wanted) check(await readFile(pathOf(directory, digest)), digest);
        },
      },
      rounds: 3,
      target: 1 / 5,
    });
    const worst = await longestBurst(readPacked);
    report("longest burst of synchronous work in these reads", `${worst.toFixed(1)} ms`, {
      text: `< ${BURST_MS_MAX} ms`,
      met: worst < BURST_MS_MAX,
    });
  });
}
