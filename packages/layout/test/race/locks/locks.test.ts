import { readFileSync } from "node:fs";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import {
  EMPTY_DIGEST,
  openLayout,
  openLeaseStore,
  withNameLock,
  withSweepLock,
} from "@store/layout";
import { createTemporaryLayout, expectStoreError } from "@store/layout/testing";
import { FULL, report } from "@store/testing";

import { type Helper, startHelper } from "./helper.ts";

const CONTENDERS = 8;
const ROUNDS = FULL ? 25 : 1;
/** Above the age at which a lock counts as stale. */
const OLD_S = 120;
const HOUR_S = 3_600;

const helpers: Helper[] = [];
function start(...args: Parameters<typeof startHelper>): Helper {
  const helper = startHelper(...args);
  helpers.push(helper);
  return helper;
}
afterEach(async () => {
  for (const helper of helpers.splice(0)) await helper.signal("SIGKILL");
});

async function startHolding(root: string): Promise<Helper> {
  const helper = start(root);
  expect(await helper.answer()).toBe("ready");
  helper.say("take");
  expect(await helper.answer()).toBe("holds");
  return helper;
}

/** Gives the lock's directory another time, counted from now. */
async function age(lock: string, seconds: number): Promise<void> {
  const time = Date.now() / 1000 + seconds;
  await utimes(lock, time, time);
}

const reason =
  process.platform === "win32"
    ? "needs signals"
    : process.features.typescript === false
      ? "needs a Node that runs TypeScript sources"
      : undefined;
const title = reason === undefined ? "" : ` (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(`a lock between processes${title}`, () => {
  it(
    "of a holder that was killed passes to eight others, one after the other",
    async () => {
      let overlaps = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await using temporary = await createTemporaryLayout();
        const { root, layout } = temporary;
        await (await startHolding(root)).signal("SIGKILL");
        const journal = join(root, "..", "turns");
        const contenders = Array.from({ length: CONTENDERS }, () => start(root, "turns", journal));
        for (const contender of contenders) expect(await contender.answer()).toBe("ready");
        for (const contender of contenders) contender.say("go");
        // Each waits for less than a lock takes to become stale: it is the dead owner that decides.
        for (const { exited } of contenders) expect(await exited).toEqual([0, null]);
        overlaps += countOverlaps(readFileSync(journal, "utf8"));
        expect(await readdir(layout.paths.locks)).toEqual([]);
      }
      report(`${ROUNDS} dead locks, ${CONTENDERS} contenders each: ${overlaps} overlaps`);
      expect(overlaps).toBe(0);
    },
    60_000 * ROUNDS,
  );

  it("of a holder that is stopped stays with whoever took it over", async () => {
    await using temporary = await createTemporaryLayout();
    const { root, layout } = temporary;
    const lock = join(layout.paths.locks, "sweep.lock");
    const first = await startHolding(root);
    await first.signal("SIGSTOP");
    await age(lock, -OLD_S);
    const second = await startHolding(root);
    await first.signal("SIGCONT");
    first.say("end");
    expect(["ended", "lost"]).toContain(await first.answer());
    // The late release took nothing away: the second one still keeps others out.
    expect(await readdir(layout.paths.locks)).toContain("sweep.lock");
    await expectStoreError(
      withSweepLock(layout, () => expect.fail("two sweeps")),
      "ERR_STORE_SWEEP_LOCKED",
    );
    second.say("end");
    expect(await second.answer()).toBe("ended");
    await withSweepLock(layout, async () => {});
  }, 60_000);

  it("of a holder that is stopped for a moment is not taken over", async () => {
    await using temporary = await createTemporaryLayout();
    const { root, layout } = temporary;
    const first = await startHolding(root);
    await first.signal("SIGSTOP");
    await expectStoreError(
      withSweepLock(layout, () => expect.fail("two sweeps"), { waitMs: 300 }),
      "ERR_STORE_SWEEP_LOCKED",
    );
    await first.signal("SIGCONT");
    first.say("end");
    expect(await first.answer()).toBe("ended");
  }, 60_000);

  it("with a stray file in it passes on once its holder is dead", async () => {
    await using temporary = await createTemporaryLayout();
    const { root, layout } = temporary;
    const lock = join(layout.paths.locks, "sweep.lock");
    const first = await startHolding(root);
    await writeFile(join(lock, "stray"), "x");
    await first.signal("SIGKILL");
    let ran = 0;
    await withSweepLock(layout, async () => void (ran += 1));
    await withSweepLock(layout, async () => void (ran += 1));
    expect(ran).toBe(2);
  }, 60_000);

  it("dated an hour ahead passes on once its holder is dead", async () => {
    await using temporary = await createTemporaryLayout();
    const { root, layout } = temporary;
    const first = await startHolding(root);
    await age(join(layout.paths.locks, "sweep.lock"), HOUR_S);
    await first.signal("SIGKILL");
    let ran = false;
    await withSweepLock(layout, async () => void (ran = true));
    expect(ran).toBe(true);
  }, 60_000);
});

describe("a lock that nobody says they hold", () => {
  it.each([
    ["a directory", (lock: string) => mkdir(lock)],
    ["a file", (lock: string) => writeFile(lock, "")],
    [
      "a directory with a stray file",
      async (lock: string) => {
        await mkdir(lock);
        await writeFile(join(lock, "stray"), "x");
      },
    ],
  ])("is taken once it is stale: %s", async (_what, make) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    const lock = join(layout.paths.locks, "sweep.lock");
    await layout.makeDirectory(layout.paths.locks);
    await make(lock);
    await expectStoreError(
      withSweepLock(layout, () => expect.fail("two sweeps")),
      "ERR_STORE_SWEEP_LOCKED",
    );
    await age(lock, -OLD_S);
    let ran = 0;
    await withSweepLock(layout, async () => void (ran += 1));
    await withSweepLock(layout, async () => void (ran += 1));
    expect(ran).toBe(2);
  });

  it("dated an hour ahead stops a sweep with its reason, and no change of a name", async () => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await withNameLock(layout, "name", async () => {
      for (const name of await readdir(layout.paths.locks))
        await age(join(layout.paths.locks, name), HOUR_S);
    });
    const lock = join(layout.paths.locks, "sweep.lock");
    await mkdir(lock);
    await age(lock, HOUR_S);
    await expectStoreError(
      withSweepLock(layout, () => expect.fail("two sweeps")),
      "ERR_STORE_SWEEP_LOCKED",
    );
    let ran = false;
    await withNameLock(layout, "name", async () => void (ran = true), { waitMs: 100 });
    expect(ran).toBe(true);
  });
});

describe.skipIf(reason !== undefined)(`a lease of another process${title}`, () => {
  async function liveOf(root: string): Promise<readonly boolean[]> {
    const live: boolean[] = [];
    for await (const lease of openLeaseStore(await openLayout(root)).list()) live.push(lease.live);
    return live;
  }

  it("protects while its holder lives, be it stopped, and not a moment longer", async () => {
    await using temporary = await createTemporaryLayout();
    const { root, layout } = temporary;
    const holder = start(root, "lease", EMPTY_DIGEST);
    const id = await holder.answer();
    expect(await liveOf(root)).toEqual([true]);
    await holder.signal("SIGSTOP");
    expect(await liveOf(root)).toEqual([true]);
    expect(await openLeaseStore(layout).removeExpired(id)).toBe(false);
    await holder.signal("SIGKILL");
    expect(await liveOf(root)).toEqual([false]);
    expect(await openLeaseStore(layout).removeExpired(id)).toBe(true);
    expect(await liveOf(root)).toEqual([]);
  }, 60_000);
});

/** How often somebody came in while somebody else was in. */
function countOverlaps(journal: string): number {
  let inside = 0;
  let overlaps = 0;
  for (const line of journal.trim().split("\n")) {
    if (line.endsWith(" in")) {
      if (inside > 0) overlaps += 1;
      inside += 1;
    } else inside -= 1;
  }
  return overlaps;
}
