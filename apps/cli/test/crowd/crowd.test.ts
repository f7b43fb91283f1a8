import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { findLosses } from "./check-store.ts";
import { clockEnvironment, type CrowdLog, type CrowdOptions, runCrowd } from "./crowd.ts";
import { replay } from "./replay.ts";

/** Whether the long suites run whole: `pnpm crash` sets it. */
const FULL = process.env["STORE_TEST_FULL"] !== undefined;
const AT_LEAST = FULL
  ? { done: 500, sweeps: 200, ms: 180_000 }
  : { done: 20, sweeps: 8, ms: 3_000 };
const SEEDS = FULL ? ["1", "2"] : ["1"];
const TIMEOUT_MS = AT_LEAST.ms * 3 + 240_000;

const hasClocks = process.platform === "linux" && (await clockEnvironment()) !== undefined;
/** Crowds that a planted fault may have to itself. */
const ROUNDS_MAX = 8;

const reason =
  process.features.typescript === false
    ? "needs a Node that runs TypeScript sources"
    : process.platform === "win32"
      ? "needs signals"
      : undefined;

async function withCrowd<T>(
  options: Omit<CrowdOptions, "directory">,
  judge: (home: string, log: CrowdLog) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "store-crowd-"));
  try {
    const home = join(directory, "home");
    return await judge(home, await runCrowd(home, { ...options, directory }));
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
        await withCrowd({ seed, atLeast: AT_LEAST }, async (home, log) => {
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
        const options = { seed: `clocks ${seed}`, atLeast: AT_LEAST, clocks: true };
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
          const atLeast = { done: 20 * round, sweeps: 8 * round, ms: 1_000 };
          const mutant = "no second look";
          const options = { seed: `mutant ${round}`, atLeast, calm: true, mutant } as const;
          losses = await withCrowd(options, (home, log) => findLosses(home, log, true));
        }
        expect(losses).not.toEqual([]);
      },
      TIMEOUT_MS,
    );
  },
);
