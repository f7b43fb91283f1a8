import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import {
  type Digest,
  type Layout,
  openBlobStore,
  openLayout,
  verifyBlobs,
  type VerifyOptions,
} from "@store/layout";

import { compare, report } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";

async function verify(layout: Layout, options: VerifyOptions): Promise<void> {
  for await (const finding of verifyBlobs(layout, options)) throw new Error(finding.message);
}

/** Empties the page cache, so that the next reader meets the disk. Root only. */
async function dropCaches(): Promise<boolean> {
  await runCommand("sync", []);
  return writeFile("/proc/sys/vm/drop_caches", "1").then(
    () => true,
    () => false,
  );
}

/** Checking what is there: in the page cache, on the disk, one file and two, whole and by sums. */
export function benchVerify(): Promise<void> {
  return withScratch(async (directory) => {
    const layout = await openLayout(join(directory, "models"));
    const blobs = openBlobStore(layout);
    const paths: string[] = [];
    const digests: Digest[] = [];
    for (const name of ["one", "two"]) {
      const source = join(directory, name);
      await writeRandomFile(source, LARGE_BYTES);
      const info = await blobs.adopt(source, { mode: "link" });
      digests.push(info.digest);
      paths.push(layout.paths.blob(info.digest));
    }
    const [one = ""] = paths;
    const first = digests.slice(0, 1);
    const openssl = (path: string): Promise<void> =>
      runCommand("openssl", ["dgst", "-sha256", path]);

    await compare("full verify, cached", {
      ours: { name: "verifyBlobs", run: () => verify(layout, { digests: first }) },
      theirs: { name: "openssl dgst", run: () => openssl(one) },
      target: 1.02,
    });
    await compare("full verify of two files, cached", {
      ours: { name: "verifyBlobs", run: () => verify(layout, { digests }) },
      theirs: {
        name: "openssl dgst, one after the other",
        async run() {
          for (const path of paths) await openssl(path);
        },
      },
      target: 0.58,
    });
    await compare("fast verify, cached", {
      ours: { name: "fast", run: () => verify(layout, { digests: first, mode: "fast" }) },
      theirs: { name: "full", run: () => verify(layout, { digests: first }) },
      target: 0.5,
    });
    if (!(await dropCaches())) {
      report("full verify, cold", "skipped: emptying the page cache needs root");
      return;
    }
    await compare("full verify, cold", {
      ours: {
        name: "verifyBlobs",
        prepare: async () => void (await dropCaches()),
        run: () => verify(layout, { digests: first }),
      },
      theirs: {
        name: "openssl dgst",
        prepare: async () => void (await dropCaches()),
        run: () => openssl(one),
      },
      target: 0.5,
    });
  });
}
