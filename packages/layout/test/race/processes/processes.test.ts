import { rm } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { openBlobStore, openLayout, verifyBlobs } from "@store/layout";
import { collectContent } from "@store/layout/testing";
import { FULL, report } from "@store/testing";
import {
  clockEnvironment,
  type CrowdLog,
  replay,
  runCrowd,
  whyNoCrowd,
} from "@store/testing/crowd";

import { findViolations } from "../../crash/check-store.ts";
import { createScratch } from "../../scratch.ts";
import { type Mutations, readName, sweep } from "../protocol.ts";
import { contentOf } from "./contents.ts";
import type { WorkerTask } from "./worker.ts";

const DURATION_MS = FULL ? 120_000 : 2_000;
/** Fewer would show nothing. */
const GOALS = { done: 100, sweep: 40 };
/** How many crowds may pass before one of them shows a mistake. */
const CROWDS_MAX = 10;
const SEEDS = FULL ? ["1", "2", "3"] : ["1"];

interface Race {
  readonly seed: string;
  readonly durationMs: number;
  readonly locks: boolean;
  readonly clocks: boolean;
  /** Mistakes that the workers make. */
  readonly mutations?: Mutations;
}

/** Lets eight workers race over a new store, each with names of its own. */
const race = (directory: string, { seed, durationMs, clocks, ...rest }: Race): Promise<CrowdLog> =>
  runCrowd({
    directory,
    seed,
    script: join(import.meta.dirname, "worker.ts"),
    task: ({ index, ...life }): WorkerTask => ({
      ...life,
      ...rest,
      root: join(directory, "models"),
      names: ["a", "b", "c"].map((slot) => `w${index}-${slot}`),
    }),
    durationMs,
    goals: GOALS,
    clocks,
  });

/** What the logs promise and the store does not keep, asked in a process that took no part. */
async function findLosses(
  root: string,
  { entries }: CrowdLog,
  clocks: boolean,
): Promise<readonly string[]> {
  const layout = await openLayout(root);
  await sweep(layout, { candidates: [], leftovers: true });
  const found = [
    ...(await findViolations(root, { evidence: [], wrongAtFirst: [], foreignModes: true })),
  ];
  for await (const finding of verifyBlobs(layout)) found.push(finding.message);
  for (const log of entries) {
    const { names, acknowledged, violations } = replay(log);
    found.push(...violations);
    for (const [name, possible] of names) {
      const digest = await readName(layout, name);
      if (!possible.has(digest ?? "")) found.push(`${name} holds ${digest ?? "nothing"}`);
      // Who dies before it is told relies on its lease, and a lease on clocks that agree.
      if (digest === undefined || (clocks && !acknowledged.has(name))) continue;
      const read = await collectContent(openBlobStore(layout).read(digest)).catch(() => undefined);
      if (read === undefined) found.push(`${name} leads to ${digest}, which is not there`);
      else if (!Buffer.from(contentOf(digest) ?? []).equals(read))
        found.push(`${name} leads to wrong bytes`);
    }
  }
  return found;
}

const hasClocks = (await clockEnvironment()) !== undefined;
const reason = whyNoCrowd();

const crowds = [
  { title: "with locks", locks: true, clocks: false },
  { title: "without locks", locks: false, clocks: false },
  {
    title: `without locks, clocks jumping by an hour${hasClocks ? "" : " (skipped: needs faketime)"}`,
    locks: false,
    clocks: true,
  },
];

describe.skipIf(reason !== undefined)(
  `eight processes, killed and stopped at random${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    for (const { title, locks, clocks } of crowds) {
      it.skipIf(clocks && !hasClocks).each(SEEDS)(
        `lose nothing that was acknowledged, ${title} (seed %s)`,
        async (seed) => {
          const directory = await createScratch("crowd");
          try {
            const root = join(directory, "models");
            const log = await race(directory, {
              seed: `${title} ${seed}`,
              durationMs: DURATION_MS,
              locks,
              clocks,
            });
            // One text, so that every reporter shows all of it.
            expect((await findLosses(root, log, clocks)).join("\n")).toBe("");
            const counts = log.entries.map((entries) => replay(entries).counts);
            const total = (what: string): number =>
              counts.reduce((sum, one) => sum + (one[what] ?? 0), 0);
            expect(total("done")).toBeGreaterThanOrEqual(GOALS.done);
            expect(total("sweep")).toBeGreaterThanOrEqual(GOALS.sweep);
            report(
              `${title}: ${total("done")} acknowledged, ${total("sweep")} sweeps, ` +
                `${total("saw")} looks, ${log.kills} kills, ${log.stops} stops`,
            );
          } finally {
            await rm(directory, { recursive: true, force: true });
          }
        },
        DURATION_MS * 3 + 120_000,
      );
    }

    it("are shown to lose something where sweeps take no second look", async () => {
      let losses: readonly string[] = [];
      for (let crowd = 0; losses.length === 0 && crowd < CROWDS_MAX; crowd += 1) {
        const directory = await createScratch("crowd");
        try {
          const root = join(directory, "models");
          const log = await race(directory, {
            seed: `no second look ${crowd}`,
            durationMs: 1_000,
            locks: false,
            clocks: false,
            mutations: { noSecondLook: true },
          });
          losses = await findLosses(root, log, false);
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
      }
      expect(losses).not.toEqual([]);
    }, 600_000);
  },
);
