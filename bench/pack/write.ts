import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { digestBytes, digestHex, openLayout } from "@store/layout";
import { createPackWriter } from "@store/pack";

import { compare, report } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { createObjects } from "./corpus.ts";

/** Writing many small objects: into a pack, into loose files without a sync, and by `tar | lz4`. */
export function benchPackWrite(): Promise<void> {
  return withScratch(async (directory) => {
    const objects = createObjects();
    const root = join(directory, "models");
    const files = join(directory, "files");
    const clear = async (): Promise<void> => {
      rmSync(root, { recursive: true, force: true });
    };
    const writePack = async (): Promise<void> => {
      await using writer = createPackWriter(await openLayout(root));
      for (const object of objects) await writer.add(object);
      await writer.finish();
    };
    const writeLoose = async (): Promise<void> => {
      for (const object of objects) {
        const hex = digestHex(digestBytes(object));
        const blob = join(files, hex.slice(0, 2), hex);
        mkdirSync(blob, { recursive: true });
        writeFileSync(join(blob, "data"), object);
      }
    };
    const ratio = await compare(`${objects.length} objects of 4 KiB: a pack, loose without fsync`, {
      ours: { name: "pack, synced", prepare: clear, run: writePack },
      theirs: {
        name: "hash, mkdir, write",
        prepare: async () => rmSync(files, { recursive: true, force: true }),
        run: writeLoose,
      },
      rounds: 3,
      target: 0.2,
    });
    report("objects a second, pack to loose", `${(1 / ratio).toFixed(1)} times`);
    await compare("the same objects as a stream of bytes", {
      ours: { name: "pack, synced", prepare: clear, run: writePack },
      theirs: {
        name: "tar | lz4 -1",
        run: () => runCommand("sh", ["-c", `tar -C ${files} -cf - . | lz4 -1qf - ${files}.lz4`]),
      },
      rounds: 3,
      target: 2,
    });
    const packs = join(root, "packs");
    const bytes = readdirSync(packs).reduce(
      (sum, name) => sum + statSync(join(packs, name)).size,
      0,
    );
    const content = objects.reduce((sum, { length }) => sum + length, 0);
    report(
      "size of pack, index and sidecar",
      `${((100 * bytes) / content).toFixed(1)} % of the content`,
    );
  });
}
