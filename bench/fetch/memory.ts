import { join } from "node:path";

import { digestFile } from "@store/layout";

import { buildPackage } from "../harness/build-package.ts";
import { report } from "../harness/compare.ts";
import { peakMib } from "../harness/peak-memory.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";
import { delayedBy } from "./delay-line.ts";
import { startNginx } from "./nginx.ts";

const MIB = 1024 * 1024;
const MEMORY_MIB_MAX = 120;

/** What a pull costs in memory, over one connection and over as many as there may be. */
export function benchPullMemory(): Promise<void> {
  return withScratch(async (scratch) => {
    if (process.platform !== "linux") {
      return report("memory", "skipped: peaks are read from Linux's /proc");
    }
    await buildPackage("fetch");
    await using nginx = await startNginx(scratch);
    if (nginx === undefined) return;
    const served = join(nginx.www, "model.gguf");
    await writeRandomFile(served, LARGE_BYTES);
    const digest = await digestFile(served);
    const empty = await peakMib("");

    async function peak(title: string, origin: string): Promise<void> {
      const full = await peakMib(`
        import { createUrlSource, pull } from "@store/fetch";
        import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";
        import { openManifestStore } from "@store/manifest";
        const layout = await openLayout(${JSON.stringify(join(scratch, title))});
        const blobs = openBlobStore(layout);
        const leases = openLeaseStore(layout);
        const manifests = openManifestStore(layout, { blobs, leases });
        const ports = { sources: [createUrlSource()], blobs, leases, manifests };
        await pull(${JSON.stringify(`${origin}/model.gguf`)}, ports, { digest: ${JSON.stringify(digest)} });
      `);
      report(
        `memory above an empty process: ${LARGE_BYTES / MIB} MiB ${title}`,
        `${(full - empty).toFixed(0)} MiB`,
        { text: `< ${MEMORY_MIB_MAX} MiB`, met: full - empty < MEMORY_MIB_MAX },
      );
    }

    await peak("as fast as it goes", nginx.origin);
    await using line = await delayedBy(30, nginx.port, { bytesPerSecond: 12 * MIB });
    await peak("at 30 ms with a cap per connection", line.origin);
  });
}
