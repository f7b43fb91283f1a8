import { join } from "node:path";

import { digestFile } from "@store/layout";

import { buildPackage } from "../harness/build-package.ts";
import { report } from "../harness/compare.ts";
import { peakMib } from "../harness/peak-memory.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";
import { delayedBy } from "./delay-line.ts";
import { hubConfiguration, writeHubSite } from "./hub-site.ts";
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
    await using nginx = await startNginx(scratch, hubConfiguration);
    if (nginx === undefined) return;
    const served = join(nginx.www, "model.gguf");
    const halves = ["one.safetensors", "two.safetensors"].map((path) => ({
      path,
      lfs: join(nginx.www, path),
    }));
    await writeRandomFile(served, LARGE_BYTES);
    for (const { lfs } of halves) await writeRandomFile(lfs, LARGE_BYTES / 2);
    await writeHubSite(nginx.www, "org/model", halves);
    const digest = await digestFile(served);
    const empty = await peakMib("");

    async function peak(title: string, source: string, pull: string): Promise<void> {
      const full = await peakMib(`
        import { createHuggingFaceSource, createUrlSource, pull } from "@store/fetch";
        import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";
        import { openManifestStore } from "@store/manifest";
        const layout = await openLayout(${JSON.stringify(join(scratch, title))});
        const blobs = openBlobStore(layout);
        const leases = openLeaseStore(layout);
        const manifests = openManifestStore(layout, { blobs, leases });
        const ports = { sources: [${source}], blobs, leases, manifests };
        ${pull}
      `);
      report(
        `memory above an empty process: ${LARGE_BYTES / MIB} MiB ${title}`,
        `${(full - empty).toFixed(0)} MiB`,
        { text: `< ${MEMORY_MIB_MAX} MiB`, met: full - empty < MEMORY_MIB_MAX },
      );
    }

    const pullFrom = (origin: string): string =>
      `await pull("${origin}/model.gguf", ports, { digest: "${digest}" });`;
    await peak("as fast as it goes", "createUrlSource()", pullFrom(nginx.origin));
    await peak(
      "in two files at once",
      `createHuggingFaceSource({ endpoint: "${nginx.origin}" })`,
      `await pull("hf://org/model", ports);`,
    );
    await using line = await delayedBy(30, nginx.port, { bytesPerSecond: 12 * MIB });
    await peak("at 30 ms with a cap per connection", "createUrlSource()", pullFrom(line.origin));
  });
}
