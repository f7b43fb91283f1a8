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
import { hasCommand } from "../harness/has-command.ts";
import { canEvict, evict } from "../harness/page-cache.ts";
import { runCommand } from "../harness/run-command.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";

async function verify(layout: Layout, options: VerifyOptions): Promise<void> {
  for await (const finding of verifyBlobs(layout, options)) throw new Error(finding.message);
}

/** Checking what is there: in the page cache, on the disk, one file and two, whole and by sums. */
export function benchVerify(): Promise<void> {
  return withScratch(async (directory) => {
    const layout = await openLayout(join(directory, "models"));
    const blobs = openBlobStore(layout);
    const digests: Digest[] = [];
    for (const name of ["one", "two"]) {
      const source = join(directory, name);
      await writeRandomFile(source, LARGE_BYTES);
      digests.push((await blobs.adopt(source, { mode: "link" })).digest);
    }
    const first = digests.slice(0, 1);
    await compare("fast verify, cached", {
      ours: { name: "fast", run: () => verify(layout, { digests: first, mode: "fast" }) },
      theirs: { name: "full", run: () => verify(layout, { digests: first }) },
      target: 0.5,
    });
    if (!(await hasCommand("openssl", ["version"])))
      return report("full verify", "skipped: there is no openssl here to compare with");
    await benchCached(layout, digests);
    await benchCold(layout, first);
  });
}

const openssl = (path: string): Promise<void> => runCommand("openssl", ["dgst", "-sha256", path]);

async function benchCached(layout: Layout, digests: readonly Digest[]): Promise<void> {
  const paths = digests.map((digest) => layout.paths.blob(digest));
  const oneByOne = async (): Promise<void> => {
    for (const path of paths) await openssl(path);
  };
  await compare("full verify, cached", {
    ours: { name: "verifyBlobs", run: () => verify(layout, { digests: digests.slice(0, 1) }) },
    theirs: { name: "openssl dgst", run: () => openssl(paths[0] ?? "") },
    target: 1.02,
  });
  await compare("full verify of two files, cached", {
    ours: { name: "verifyBlobs", run: () => verify(layout, { digests }) },
    theirs: { name: "openssl dgst, one after the other", run: oneByOne },
    target: 0.58,
  });
  // What this machine has to give at the moment: half on two idle processors.
  await compare("the same by openssl alone, for orientation", {
    ours: { name: "openssl dgst, both at once", run: () => Promise.all(paths.map(openssl)) },
    theirs: { name: "one after the other", run: oneByOne },
  });
}

async function benchCold(layout: Layout, digests: readonly Digest[]): Promise<void> {
  const paths = digests.map((digest) => layout.paths.blob(digest));
  if (!(await canEvict(paths[0] ?? "")))
    return report("full verify, cold", "skipped: files here cannot be taken out of the page cache");
  await compare("full verify, cold", {
    ours: {
      name: "verifyBlobs",
      prepare: () => evict(paths),
      run: () => verify(layout, { digests }),
    },
    theirs: {
      name: "openssl dgst",
      prepare: () => evict(paths),
      run: () => openssl(paths[0] ?? ""),
    },
    target: 0.5,
  });
}
