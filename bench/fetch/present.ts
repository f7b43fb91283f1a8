import { randomBytes } from "node:crypto";

import { report } from "../harness/compare.ts";
import { withScratch } from "../harness/scratch.ts";
import { hubConfiguration, writeHubSite } from "./hub-site.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullHub } from "./pull-to.ts";

const REPO = "org/model";
const FILE_COUNT = 200;

/** A pull of a model that is here already: what it asks for, and how long it takes. */
export function benchPresent(): Promise<void> {
  return withScratch(async (scratch) => {
    await using nginx = await startNginx(scratch, hubConfiguration);
    if (nginx === undefined) return;
    const files = Array.from({ length: FILE_COUNT }, (_, index) => ({
      path: `part-${index}.json`,
      bytes: randomBytes(4096),
    }));
    await writeHubSite(nginx.www, REPO, files);
    const store = freshDirectory(scratch, "models");
    await pullHub(store.path, nginx.origin, REPO);
    const before = await nginx.requestCount();
    const startMs = performance.now();
    const { bytesFetched } = await pullHub(store.path, nginx.origin, REPO);
    const tookMs = performance.now() - startMs;
    // Asking counts as well.
    const requests = (await nginx.requestCount()) - before - 1;
    report(
      `a pull of ${FILE_COUNT} files that are here`,
      `${requests} request, ${bytesFetched} bytes, ${tookMs.toFixed(0)} ms`,
      { text: "1 request, no body", met: requests === 1 && bytesFetched === 0 },
    );
  });
}
