import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { digestBytes } from "@store/layout";
import {
  createContent,
  createTemporaryLayout,
  type Point,
  trace,
  type TracedRun,
  whyNoTrace,
} from "@store/layout/testing";
import { FULL, pick, report } from "@store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createHuggingFaceSource, pull } from "../../src/index.ts";
import { createFakeHub, type FakeHub } from "../../src/testing/index.ts";
import { openPorts, type TestPorts } from "../open-ports.ts";

/** Calls at which it is killed by default. */
const POINTS_USUAL = 6;
const MIB = 1024 * 1024;

const content = createContent(4 * MIB, 91);
const digest = digestBytes(content);
const script = fileURLToPath(new URL("../pull-child.ts", import.meta.url));
const reason = await whyNoTrace();

describe.skipIf(reason !== undefined)(
  `a pull of 4 MiB in three ranges, killed${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let hub: FakeHub;
    let cache: Awaited<ReturnType<typeof createTemporaryLayout>>;
    beforeAll(async () => {
      cache = await createTemporaryLayout();
      // Every connection ends early, so that three of them bring the file.
      hub = await createFakeHub({
        repositories: { "org/m": { files: { "m.bin": content } } },
        faults: { cut: { afterBytes: 1_500_000 } },
      });
    });
    afterAll(async () => {
      await hub.close();
      await cache[Symbol.asyncDispose]();
    });

    async function run(store: TestPorts, killAt?: Point): Promise<TracedRun> {
      const log = join(store.root, "..", `trace-${process.pid}.log`);
      try {
        return await trace({
          script,
          args: [store.root, hub.endpoint, "hf.co/org/m", JSON.stringify({ held: true })],
          root: store.root,
          log,
          compileCache: cache.root,
          killAt,
        });
      } finally {
        await rm(log, { force: true });
      }
    }

    async function listPoints(): Promise<readonly Point[]> {
      await using store = await openPorts([]);
      const { points, killed } = await run(store);
      expect(killed).toBe(false);
      return points.filter(({ changes }) => changes);
    }

    it(
      "before any call leaves nothing wrong under a name, and the next one ends right",
      { timeout: FULL ? 3_600_000 : 120_000 },
      async () => {
        const points = await listPoints();
        const chosen = FULL ? points : pick(points, POINTS_USUAL, "pull");
        let deaths = 0;
        let refetched = 0;
        let resumed = 0;
        for (const point of chosen) {
          await using store = await openPorts([
            createHuggingFaceSource({ endpoint: hub.endpoint }),
          ]);
          const { killed } = await run(store, point);
          deaths += killed ? 1 : 0;
          expect(await findWrong(store.root), `killed before ${point.text}`).toEqual([]);
          const before = hub.bytesServed;
          const { files, bytesFetched, bytesReused } = await pull("hf.co/org/m", store.ports);
          expect(files, point.text).toMatchObject([{ digest, size: content.length }]);
          expect(bytesFetched + bytesReused, point.text).toBe(content.length);
          expect(await findWrong(store.root)).toEqual([]);
          refetched += hub.bytesServed - before;
          resumed += bytesReused;
        }
        // The last calls may be made in another order, and then nobody dies.
        expect(deaths).toBeGreaterThanOrEqual(chosen.length * 0.9);
        report(
          `4 MiB in three ranges: killed at ${deaths} of ${points.length} calls; ` +
            `${refetched} bytes fetched again, ${resumed} found here`,
        );
      },
    );
  },
);

/** Files under a blob's final name that hold other bytes, past all of our own code. */
async function findWrong(root: string): Promise<readonly string[]> {
  const blobs = join(root, "blobs", "sha256");
  const wrong: string[] = [];
  for (const path of await readdir(blobs, { recursive: true }).catch(() => [])) {
    const [, hex, name] = path.split("/");
    if (name !== "data") continue;
    if (digestBytes(await readFile(join(blobs, path))) !== `sha256:${hex ?? ""}`) wrong.push(path);
  }
  return wrong;
}
