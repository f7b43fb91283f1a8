import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Point, trace, type TracedRun, whyNoTrace } from "@store/layout/testing";
import { FULL, pick, report } from "@store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findLosses, findUnfinished, prepareStore, sweepStore } from "./sweep-store.ts";

/** Calls at which the sweep is killed by default. */
const POINTS_USUAL = 4;
const TIMEOUT_MS = FULL ? 3_600_000 : 180_000;

const worker = join(import.meta.dirname, "sweep-worker.ts");
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-sweep-"));
  await prepareStore(join(directory, "original"));
}, TIMEOUT_MS);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs `body` on a copy of the store, because one that is made waits for the disk many times. */
async function withCopy<T>(body: (home: string, root: string) => Promise<T>): Promise<T> {
  const home = join(directory, "copy");
  try {
    await cp(join(directory, "original"), home, { recursive: true, preserveTimestamps: true });
    return await body(home, join(home, "models"));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function runTraced(root: string, killAt?: Point): Promise<TracedRun> {
  return trace({
    script: worker,
    args: [root, join(directory, "nothing")],
    root,
    log: join(directory, "trace.log"),
    compileCache: join(directory, "compile-cache"),
    killAt,
  });
}

it("deletes, restores, rewrites and lets expire what it should, and then has nothing to do", async () => {
  const found = await withCopy(async (home, root) => {
    const { destroyed, restored, expired, failed } = await sweepStore(root);
    expect(destroyed.length).toBeGreaterThan(5);
    expect(restored).toHaveLength(1);
    expect(expired.map(({ kind }) => kind)).toEqual(["partial", "quarantine", "temporary"]);
    expect(failed).toEqual([]);
    return await findUnfinished(home);
  });
  expect(found).toEqual([]);
});

const reason = await whyNoTrace();
describe.skipIf(reason !== undefined)(
  `a sweep killed at any call${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    it(
      "loses nothing, and the next one finishes",
      async () => {
        const { points, killed } = await withCopy((_home, root) => runTraced(root));
        expect(killed).toBe(false);
        const changing = points.filter(({ changes }) => changes);
        expect(changing.length).toBeGreaterThan(20);
        const chosen = FULL ? points : pick(changing, POINTS_USUAL, "sweep");
        let deaths = 0;
        for (const point of chosen) {
          const found = await withCopy(async (home, root) => {
            if ((await runTraced(root, point)).killed) deaths += 1;
            return [...(await findLosses(root)), ...(await findUnfinished(home))];
          });
          expect(found, `killed before ${point.text}`).toEqual([]);
        }
        // What runs at once may take its calls in another order, and then now and then none is left.
        expect(deaths).toBeGreaterThan(chosen.length / 2);
        report(`a sweep: killed ${deaths} times, at ${chosen.length} of ${points.length} calls`);
      },
      TIMEOUT_MS,
    );
  },
);
