import { rm } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openLayout } from "@store/layout";
import { FULL, pick, report } from "@store/testing";

import { createScratch } from "../../scratch.ts";
import {
  findBrokenPromises,
  findUnmarkedTrash,
  findUnrepaired,
  findViolations,
} from "../check-store.ts";
import { type CrashOperation, findOperation, operations } from "../operations.ts";
import { type Point, trace, type TracedRun, whyNoTrace } from "../../../src/testing/trace.ts";

/** Calls per operation at which it is killed by default. */
const POINTS_USUAL = 5;
/** Deaths one after the other, each in the work that the last one left. */
const DEATHS = FULL ? 5 : 2;
const TIMEOUT_MS = FULL ? 3_600_000 : 120_000;

const reason = await whyNoTrace();
const worker = join(import.meta.dirname, "worker.ts");
let compileCache: string;
beforeAll(async () => {
  compileCache = await createScratch("kill-cache");
  // A first process compiles what later ones find compiled, which takes other calls.
  if (reason === undefined) await withStore(findOperation("put"), (_root, run) => run());
}, TIMEOUT_MS);
afterAll(() => rm(compileCache, { recursive: true }));

/** Runs `body` in a directory of its own, with a store that the operation can start from. */
async function withStore<T>(
  operation: CrashOperation,
  body: (root: string, run: (killAt?: Point) => Promise<TracedRun>) => Promise<T>,
): Promise<T> {
  const directory = await createScratch("kill");
  const root = join(directory, "models");
  try {
    await operation.prepare(await openLayout(root));
    return await body(root, (killAt) =>
      trace({
        script: worker,
        args: [operation.name, root],
        root,
        log: join(directory, "trace.log"),
        compileCache,
        killAt,
      }),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Everything wrong with what a killed process left, before and after the work is done again. */
async function judge(
  root: string,
  operation: CrashOperation,
  acknowledged: readonly string[],
): Promise<readonly string[]> {
  const violations = [
    ...(await findViolations(root, operation)),
    ...(await findUnmarkedTrash(root)),
  ];
  // Opening needs no manual step, and neither does going on.
  const layout = await openLayout(root);
  return [
    ...violations,
    ...(await findBrokenPromises(layout, operation, acknowledged)),
    ...(await findUnrepaired(layout, operation)),
    ...(await findViolations(root, { ...operation, wrongAtFirst: [] })),
  ];
}

/** How often a call that is not the store's may be struck in place of the one that is meant. */
const MISSES_MAX = 5;

/** Everything wrong once a process was killed at a call. Threads of Node's own make some now and then. */
async function killOnce(operation: CrashOperation, point: Point): Promise<readonly string[]> {
  for (let miss = 0; miss < MISSES_MAX; miss += 1) {
    const found = await withStore(operation, async (root, run) => {
      const { killed, points, acknowledged } = await run(point);
      expect(killed, point.text).toBe(true);
      const isMeant = points.at(-1)?.text === point.text;
      const violations = await judge(root, operation, acknowledged);
      return isMeant || violations.length > 0 ? violations : undefined;
    });
    if (found !== undefined) return found;
  }
  return ["no process died there"];
}

async function listPoints(operation: CrashOperation): Promise<readonly Point[]> {
  const { points, killed } = await withStore(operation, (_root, run) => run());
  expect(killed).toBe(false);
  expect(points.length).toBeGreaterThan(5);
  return points;
}

describe.skipIf(reason !== undefined)(
  `a process killed at any call${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    it.each(operations)(
      "leaves a whole store, and all that it acknowledged: $name",
      async (operation) => {
        const points = (await listPoints(operation)).filter(({ reachable }) => reachable);
        // How often bytes are read back to be hashed differs from run to run.
        const chosen = FULL
          ? points.filter(({ call }) => call !== "pread64")
          : pick(
              points.filter(({ changes }) => changes),
              POINTS_USUAL,
              operation.name,
            );
        for (const point of chosen) {
          expect(await killOnce(operation, point), `killed before ${point.text}`).toEqual([]);
        }
        report(`${operation.name}: killed at ${chosen.length} of ${points.length} calls`);
      },
      TIMEOUT_MS,
    );

    it.each(operations.filter(({ name }) => FULL || /ingest of|publish$|foreign/.test(name)))(
      "leaves a whole store however often it dies: $name",
      async (operation) => {
        const points = (await listPoints(operation)).filter(({ reachable }) => reachable);
        const deaths = pick(points, DEATHS, `again ${operation.name}`);
        const found = await withStore(operation, async (root, run) => {
          const acknowledged: string[] = [];
          // The work left may be less than that, and then nobody dies.
          for (const point of deaths) acknowledged.push(...(await run(point)).acknowledged);
          return judge(root, operation, acknowledged);
        });
        expect(found).toEqual([]);
      },
      TIMEOUT_MS,
    );
  },
);
