import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FULL } from "@store/testing";
import {
  clockEnvironment,
  type CrowdLog,
  type CrowdOptions,
  replay,
  runCrowd,
  whyNoCrowd,
  type WorkerLife,
} from "@store/testing/crowd";
import { describe, expect, it } from "vitest";

import { findLosses } from "./check-store.ts";
import { writeSources } from "./models.ts";
import type { WorkerTask } from "./worker.ts";

const DURATION_MS = FULL ? 180_000 : 3_000;
/** Fewer would show nothing. */
const GOALS = FULL ? { done: 500, sweep: 200 } : { done: 20, sweep: 8 };
const SEEDS = FULL ? ["1", "2"] : ["1"];
const TIMEOUT_MS = DURATION_MS * 3 + 240_000;

const hasClocks = (await clockEnvironment()) !== undefined;
/** Crowds that a planted fault may have to itself. */
const ROUNDS_MAX = 8;

const reason = whyNoCrowd();

type Race = Omit<CrowdOptions, "directory" | "script" | "task"> & Pick<WorkerTask, "mutant">;

async function withCrowd<T>(
  { mutant, ...options }: Race,
  judge: (home: string, log: CrowdLog) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "store-crowd-"));
  try {
    const home = join(directory, "home");
    const sources = join(directory, "sources");
    await writeSources(sources);
    const script = join(import.meta.dirname, "worker.ts");
    const task = ({ index, seed, log }: WorkerLife): WorkerTask => ({
      home,
      log,
      sources,
      seed,
      index,
      mutant,
    });
    return await judge(home, await runCrowd({ ...options, directory, script, task }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function report(title: string, log: CrowdLog): void {
  if (!FULL) return;
  const counts = log.entries.map((entries) => replay(entries).counts);
  const words = ["done", "sweep", "gc", "pack", "pin", "saw"].map(
    (what) => `${counts.reduce((sum, one) => sum + (one[what] ?? 0), 0)} ${what}`,
  );
  process.stdout.write(
    `${title}: ${words.join(", ")}, ${log.kills} kills, ${log.stops} stops, ${log.steps} clock steps\n`,
  );
}

describe.skipIf(reason !== undefined)(
  `eight processes pull, add, tag, remove, pin, pack and sweep without locks${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    it.each(SEEDS)(
      "lose nothing that was acknowledged, killed and stopped at random (seed %s)",
      async (seed) => {
        await withCrowd({ seed, durationMs: DURATION_MS, goals: GOALS }, async (home, log) => {
          expect(await findLosses(home, log, true)).toEqual([]);
          report(`seed ${seed}`, log);
          const done = log.entries.map((entries) => replay(entries).counts["done"] ?? 0);
          expect(done.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
        });
      },
      TIMEOUT_MS,
    );

    it.skipIf(!hasClocks || !FULL).each(SEEDS)(
      `lose nothing that was acknowledged while clocks jump by an hour (seed %s)${hasClocks ? (FULL ? "" : " (skipped: the long suite has it)") : " (skipped: needs faketime)"}`,
      async (seed) => {
        const options = {
          seed: `clocks ${seed}`,
          durationMs: DURATION_MS,
          goals: GOALS,
          clocks: true,
        };
        await withCrowd(options, async (home, log) => {
          expect(await findLosses(home, log, false)).toEqual([]);
          report(`clocks, seed ${seed}`, log);
        });
      },
      TIMEOUT_MS,
    );

    it(
      "are shown to lose something where sweeps take no second look",
      async () => {
        // Chance decides when the fault strikes, so crowds go on, each larger, until it has.
        let losses: readonly string[] = [];
        for (let round = 1; round <= ROUNDS_MAX && losses.length === 0; round += 1) {
          const goals = { done: 20 * round, sweep: 8 * round };
          const mutant = "no second look";
          const seed = `mutant ${round}`;
          const options = {
            seed,
            durationMs: 1_000,
            goals,
            calm: true,
            mutant,
            workers: 3,
          } as const;
          losses = await withCrowd(options, (home, log) => findLosses(home, log, true));
        }
        expect(losses).not.toEqual([]);
      },
      TIMEOUT_MS,
    );
  },
);
