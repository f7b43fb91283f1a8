import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { createSimulatedMachine } from "../../test/faults/simulated-processes.ts";
import type { Layout } from "../root/layout.ts";
import { expectStoreError } from "../testing/expect-error.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { withNameLock, withSweepLock } from "./with-lock.ts";

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function createGate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

type WithLock = (layout: Layout, body: () => Promise<void>, waitMs?: number) => Promise<void>;

const locked: WithLock = (layout, body, waitMs = 20_000) =>
  withNameLock(layout, "name", body, { waitMs });
const sweeping: WithLock = (layout, body, waitMs = 20_000) =>
  withSweepLock(layout, body, { waitMs });

/** A body that has begun and goes on until it is told to end. */
async function hold(
  layout: Layout,
  way: WithLock,
): Promise<{ readonly ended: Promise<void>; end(): void }> {
  const begun = createGate();
  const end = createGate();
  const ended = way(layout, () => {
    begun.open();
    return end.opened;
  });
  await begun.opened;
  return { ended, end: end.open };
}

it.each([
  ["a name", locked],
  ["the sweep", sweeping],
])("of %s lets one holder in at a time", async (_what, way) => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  let inside = 0;
  let most = 0;
  const body = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((done) => setTimeout(done, 5));
    inside -= 1;
  };
  await Promise.all([1, 2, 3, 4].map(() => way(layout, body)));
  expect(most).toBe(1);
  expect(await readdir(layout.paths.locks)).toEqual([]);
});

it("of one name keeps nobody from another", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const held = await hold(layout, locked);
  let ran = false;
  await withNameLock(layout, "other", async () => void (ran = true), { waitMs: 0 });
  await withSweepLock(layout, async () => {});
  expect(ran).toBe(true);
  held.end();
  await held.ended;
});

it("of a name is waited for no longer than asked, and the body runs all the same", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const held = await hold(layout, locked);
  let ran = false;
  await locked(layout, async () => void (ran = true), 10);
  expect(ran).toBe(true);
  expect((await readdir(layout.paths.locks)).some((name) => name.endsWith(".lock"))).toBe(true);
  held.end();
  await held.ended;
});

it("of the sweep is refused while another one is at work, and its body does not run", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const held = await hold(layout, sweeping);
  const second = withSweepLock(layout, () => expect.fail("two sweeps"));
  await expectStoreError(second, "ERR_STORE_SWEEP_LOCKED");
  held.end();
  await held.ended;
  await withSweepLock(layout, async () => {});
});

it("is freed when its body fails, and passes the failure on", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const failure = new Error("the body broke");
  await expect(sweeping(layout, () => Promise.reject(failure))).rejects.toBe(failure);
  await withSweepLock(layout, async () => {});
});

it("ends waiting when the caller aborts", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const held = await hold(layout, locked);
  const signal = AbortSignal.abort(new Error("enough"));
  const body = (): Promise<void> => expect.fail("ran after the abort");
  await expect(withNameLock(layout, "name", body, { waitMs: 20_000, signal })).rejects.toThrow(
    "enough",
  );
  held.end();
  await held.ended;
});

it("with a stray file in its directory does not stop a name, and stops a sweep with its reason", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  await locked(layout, async () => {
    const lock = (await readdir(layout.paths.locks)).find((name) => name.endsWith(".lock"));
    await writeFile(join(layout.paths.locks, lock ?? "", "stray"), "x");
  });
  let ran = false;
  await locked(layout, async () => void (ran = true), 0);
  expect(ran).toBe(true);
  await mkdir(join(layout.paths.locks, "sweep.lock"));
  await writeFile(join(layout.paths.locks, "sweep.lock", "stray"), "x");
  const sweep = withSweepLock(layout, async () => {});
  await expectStoreError(sweep, "ERR_STORE_SWEEP_LOCKED");
});

it.each([
  ["a name", locked],
  ["the sweep", sweeping],
])(
  "of %s passes from a dead holder at once, and the dead one takes nothing back",
  async (_what, way) => {
    const machine = createSimulatedMachine();
    const first = machine.start();
    await using temporary = await createTemporaryLayout({ processes: first.processes });
    const dead = await hold(temporary.layout, way);
    const survivor = await temporary.reopen({ processes: machine.start().processes });
    first.end();
    const living = await hold(survivor, way);
    dead.end();
    await dead.ended;
    const names = await readdir(survivor.paths.locks);
    expect(names.filter((name) => name.endsWith(".lock"))).toHaveLength(1);
    living.end();
    await living.ended;
    expect(await readdir(survivor.paths.locks)).toEqual([]);
  },
);
