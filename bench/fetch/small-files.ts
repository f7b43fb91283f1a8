import { randomBytes } from "node:crypto";

import { compare } from "../harness/compare.ts";
import { withScratch } from "../harness/scratch.ts";
import { hubSnapshot } from "./hub-client.ts";
import { hubConfiguration, writeHubSite } from "./hub-site.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullHub } from "./pull-to.ts";

const FILE_COUNT = 2000;
const FILE_BYTES = 4096;
const REPO = "org/small";

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
    const store = freshDirectory(scratch, "models");
    const cache = freshDirectory(scratch, "cache");
    await compare(`${FILE_COUNT} files of ${FILE_BYTES} bytes`, {
      ours: {
        name: "pull, verified and synced",
        prepare: store.clear,
        run: () => pullHub(store.path, origin, REPO),
      },
      theirs: {
        name: "@huggingface/hub",
        prepare: cache.clear,
        run: () => hubSnapshot({ hubUrl: origin, repo: REPO, cacheDir: cache.path }),
      },
      rounds: 3,
      target: 1 / 3,
    });
  });
}
