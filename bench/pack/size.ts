import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { nodeFs } from "@store/layout";
import { createPackWriter, encodeFrame } from "@store/pack";

import { report } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { withScratch } from "../harness/scratch.ts";
import { createObject, createObjects } from "./corpus.ts";

function bytesIn(directory: string, ending = ""): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** What packs take: against the `lz4` command frame by frame, and against git and restic whole. */
export function benchPackSize(): Promise<void> {
  return withScratch(async (directory) => {
    let [ours, theirs] = [0, 0];
    for (let index = 0; index < 200; index += 1) {
      // Of 4 KiB to 400 KiB: neither side's headers count for much.
      const content = Buffer.concat(
        Array.from({ length: 1 + (index % 100) }, (_, part) => createObject(1000 * index + part)),
      );
      ours += encodeFrame(content).length;
      const { stdout } = spawnSync("lz4", ["-1", "-q", "-c", "--no-frame-crc"], { input: content });
      theirs += stdout.length;
    }
    const ratio = ours / theirs;
    report("bytes of frames, ours to `lz4 -1`", ratio.toFixed(3), {
      text: "≤ 1.05",
      met: ratio <= 1.05,
    });

    const objects = createObjects(20_000);
    const content = objects.reduce((sum, { length }) => sum + length, 0);
    const files = join(directory, "files");
    mkdirSync(files);
    for (const [index, object] of objects.entries()) writeFileSync(join(files, `${index}`), object);
    const packs = join(directory, "packs");
    mkdirSync(packs);
    const home = { fs: nodeFs, dir: packs };
    {
      await using writer = createPackWriter(home);
      for (const object of objects) await writer.add(object);
      await writer.finish();
    }
    const share = (bytes: number): string => `${((100 * bytes) / content).toFixed(1)} %`;
    report(`${objects.length} objects of 4 KiB in a pack, of the content`, share(bytesIn(packs)));
    const git = join(directory, "git");
    const inGit = (command: string): Promise<void> =>
      runCommand("git", ["--git-dir", git, "--work-tree", files, ...command.split(" ")]);
    await runCommand("git", ["init", "-q", "--bare", git]);
    await inGit("add -A .");
    await inGit("-c user.name=b -c user.email=b@b commit -qm x");
    await inGit("-c gc.auto=0 repack -adq");
    report("the same in a git pack", share(bytesIn(join(git, "objects", "pack"))));
    if (spawnSync("restic", ["version"]).status !== 0) {
      report("the same in a restic repository", "restic is not installed");
      return;
    }
    const restic = join(directory, "restic");
    const env = `RESTIC_PASSWORD=b restic -q -r ${restic}`;
    await runCommand("sh", ["-c", `${env} init && ${env} backup ${files}`]);
    report("the same in a restic repository", share(bytesIn(restic)));
  });
}
