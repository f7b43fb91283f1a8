import { chmod, open, stat } from "node:fs/promises";
import { join } from "node:path";

import { createRateLimit, createUrlSource, repair } from "@store/fetch";
import {
  type Digest,
  digestFile,
  openLayout,
  openLeaseStore,
  openRepair,
  readOrigins,
} from "@store/layout";

import { compare, report } from "../harness/compare.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullUrl } from "./pull-to.ts";

/** Bytes per second of the line: a gigabit. */
const RATE_BYTES = 118 * 1024 * 1024;

/** One wrong bit in a large blob: repaired, and pulled again, over a gigabit line. */
export function benchRepair(): Promise<void> {
  return withScratch(async (scratch) => {
    await using nginx = await startNginx(scratch);
    if (nginx === undefined) return;
    const served = join(nginx.www, "model.gguf");
    await writeRandomFile(served, LARGE_BYTES);
    const digest = await digestFile(served);
    const url = `${nginx.origin}/model.gguf`;
    const damaged = freshDirectory(scratch, "damaged");
    const again = freshDirectory(scratch, "again");
    await pullUrl(damaged.path, url, digest);
    const repairOnce = () => repairFrom(damaged.path, url, digest);
    await compare(`one wrong bit in ${LARGE_BYTES / 1024 ** 2} MiB`, {
      ours: {
        name: "repair, hashed before and after",
        prepare: () => flipBit(damaged.path, digest),
        run: repairOnce,
      },
      theirs: {
        name: "pull into an empty store",
        prepare: again.clear,
        run: () => pullUrl(again.path, url, digest, {}, { rateLimit: createRateLimit(RATE_BYTES) }),
      },
      rounds: 3,
    });
    await flipBit(damaged.path, digest);
    const { bytesFetched } = await repairOnce();
    report("bytes fetched by a repair", `${bytesFetched / 1024 ** 2} MiB`);
  });
}

async function repairFrom(root: string, url: string, digest: Digest) {
  const layout = await openLayout(root);
  return repair(
    { digest },
    {
      sources: [createUrlSource()],
      leases: openLeaseStore(layout),
      openRepair: (target, options) => openRepair(layout, target, options),
      readOrigins: (wanted) => readOrigins(layout, wanted),
    },
    { from: [url], rateLimit: createRateLimit(RATE_BYTES) },
  );
}

/** What a bad disk does, in the middle of the file. */
async function flipBit(root: string, digest: Digest): Promise<void> {
  const path = (await openLayout(root)).paths.blob(digest);
  const { size, atime, mtime } = await stat(path);
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  try {
    const byte = new Uint8Array(1);
    const at = Math.floor(size / 2);
    await file.read(byte, 0, 1, at);
    await file.write(Uint8Array.of((byte[0] ?? 0) ^ 1), 0, 1, at);
    await file.utimes(atime, mtime);
    await file.chmod(0o444);
    // So that what it costs to write it back is not counted.
    await file.sync();
  } finally {
    await file.close();
  }
}
