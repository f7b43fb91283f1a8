import { closeSync, mkdirSync, openSync, readSync, fstatSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { digestBytes, type Digest, digestHex, openLayout } from "@store/layout";
import { createPackWriter, openPackSet } from "@store/pack";

import { compare, report } from "../harness/compare.ts";
import { longestBurst } from "../harness/longest-burst.ts";
import { withScratch } from "../harness/scratch.ts";
import { createObjects, shuffled } from "./corpus.ts";

const READ_COUNT = 50_000;
const BURST_MS_MAX = 50;

/** Reading small objects at random, verified, everything in the page cache. */
export function benchPackRead(): Promise<void> {
  return withScratch(async (directory) => {
    const objects = createObjects();
    const digests: Digest[] = objects.map((object) => digestBytes(object));
    const layout = await openLayout(join(directory, "models"));
    {
      await using writer = createPackWriter(layout);
      for (const object of objects) await writer.add(object);
      await writer.finish();
    }
    const pathOf = (digest: Digest): string => {
      const hex = digestHex(digest);
      return join(directory, "files", hex.slice(0, 2), hex, "data");
    };
    for (const [index, object] of objects.entries()) {
      const path = pathOf(digests[index] as Digest);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, object);
    }
    const wanted = shuffled(objects.length)
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
            const descriptor = openSync(pathOf(digest), "r");
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
          for (const digest of wanted) check(await readFile(pathOf(digest)), digest);
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
