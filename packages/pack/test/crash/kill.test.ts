import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Point, trace, type TracedRun, whyNoTrace } from "@store/layout/testing";
import { FULL, pick, report } from "@store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createMemoryStore } from "../support/stores.ts";
import { judge, readOn } from "./check-store.ts";
import { type CrashOperation, operations } from "./operations.ts";

/** Calls per operation at which it is killed by default. */
const POINTS_USUAL = 1;
/**
 * Processes per call, until one dies at it. A reader beside it gives back what it moves aside, so that
 * it makes other calls; the last of them has no reader.
 */
const TRIES = 4;
/** Calls at which each operation must have died, and the part of all: to kill nobody proves nothing. */
const MET_MIN = FULL ? 100 : 1;
const MET_SHARE_MIN = 0.95;
const TIMEOUT_MS = FULL ? 3_600_000 : 120_000;

const script = join(import.meta.dirname, "run-operation.ts");
const reason = await whyNoTrace();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(`a process killed at any call${skipped}`, () => {
  let compileCache: string;
  let deathsOfAll = 0;
  beforeAll(async () => {
    compileCache = await mkdtemp(join(tmpdir(), "store-pack-cache-"));
    // A first process compiles what later ones find compiled, which takes other calls.
    await runOnce(operations[0]!);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await rm(compileCache, { recursive: true, force: true });
    report(`in all: ${deathsOfAll} deaths`);
  });

  /** Runs an operation, and judges what it left, whether it was killed or came to its end. */
  async function runOnce(
    operation: CrashOperation,
    killAt?: Point,
    besideReader = false,
  ): Promise<TracedRun> {
    await using store = await createMemoryStore();
    await operation.prepare(store.layout);
    const done = new AbortController();
    const reading = besideReader ? readOn(await store.reopen(), done.signal) : undefined;
    const run = await trace({
      script,
      args: [store.root, operation.name],
      root: store.root,
      log: `${store.root}.trace`,
      compileCache,
      killAt,
    }).finally(() => done.abort());
    const where = killAt === undefined ? "not killed" : `killed before ${killAt.text}`;
    expect((await reading)?.missed ?? [], where).toEqual([]);
    expect(await judge(await store.reopen(), operation), where).toEqual([]);
    return run;
  }

  async function listPoints(operation: CrashOperation): Promise<readonly Point[]> {
    const { points, killed } = await runOnce(operation);
    expect(killed).toBe(false);
    return points.filter(({ reachable }) => reachable);
  }

  it.each(operations)(
    "takes nothing from its readers, nor from those after it: $name",
    async (operation) => {
      const points = await listPoints(operation);
      const chosen = FULL
        ? points
        : pick(
            points.filter(({ changes }) => changes),
            POINTS_USUAL,
            operation.name,
          );
      const met = new Set<Point>();
      let deaths = 0;
      for (const point of chosen) {
        for (let tries = 0; tries < TRIES && !met.has(point); tries += 1) {
          const run = await runOnce(operation, point, tries < TRIES - 1);
          if (run.killed) deaths += 1;
          if (run.killed && run.points.at(-1)?.text === point.text) met.add(point);
        }
      }
      deathsOfAll += deaths;
      const missed = chosen.filter((point) => !met.has(point));
      report(`${operation.name}: ${deaths} deaths, at ${met.size} of ${chosen.length} calls`);
      for (const { text, changes } of missed) if (changes) report(`  never at ${text}`);
      expect(met.size).toBeGreaterThanOrEqual(Math.max(MET_MIN, chosen.length * MET_SHARE_MIN));
    },
    TIMEOUT_MS,
  );
});
