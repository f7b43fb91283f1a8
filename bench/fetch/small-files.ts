import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";

import { compare, report } from "../harness/compare.ts";
import { longestBurst } from "../harness/longest-burst.ts";
import { withScratch } from "../harness/scratch.ts";
import { hubSnapshot } from "./hub-client.ts";
import { hubConfiguration, writeHubSite } from "./hub-site.ts";
import { startNginx } from "./nginx.ts";
import { nextDirectories, pullHub } from "./pull-to.ts";

const FILE_COUNT = 2000;
const FILE_BYTES = 4096;
const REPO = "org/small";
/** Longer ones are felt by whoever shares the thread. */
const BURST_MS_MAX = 50;

/** A repository of many small files, from nginx on this machine to disk. */
export function benchSmallFiles(): Promise<void> {
  return withScratch(async (scratch) => {
    await using nginx = await startNginx(scratch, hubConfiguration);
    if (nginx === undefined) return;
    const { origin, www } = nginx;
    const files = Array.from({ length: FILE_COUNT }, (_, index) => ({
      path: `part-${String(index).padStart(4, "0")}.json`,
      bytes: randomBytes(FILE_BYTES),
    }));
    await writeHubSite(www, REPO, files);
    const store = nextDirectories(scratch, "models");
    const cache = nextDirectories(scratch, "cache");
    await compare(`${FILE_COUNT} files of ${FILE_BYTES} bytes`, {
      ours: {
        name: "pull, verified and synced",
        prepare: store.next,
        run: () => pullHub(store.path, origin, REPO),
      },
      theirs: {
        name: "@huggingface/hub",
        prepare: cache.next,
        run: () => hubSnapshot({ hubUrl: origin, repo: REPO, cacheDir: cache.path }),
      },
      rounds: 5,
      target: 1 / 3,
    });
    await store.next();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const burstMs = await longestBurst(() => pullHub(store.path, origin, REPO));
    delay.disable();
    report("longest work between two turns of the event loop", `${burstMs.toFixed(1)} ms`, {
      text: `< ${BURST_MS_MAX} ms`,
      met: burstMs < BURST_MS_MAX,
    });
    report(
      "longest wait of a timer, the disk's part included",
      `${(delay.max / 1e6).toFixed(0)} ms`,
    );
  });
}
