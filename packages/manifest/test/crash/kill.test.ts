/** Real processes that are killed between any two changes they make to the file system. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Point, trace, type TracedRun, whyNoTrace } from "@store/layout/testing";
import { FULL, pick, report } from "@store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { decodeManifest } from "../../src/index.ts";
import { collect, nameOf, openTestStore, type TestStore, textOf } from "../support/test-store.ts";
import { type Operation, operations } from "./operations.ts";

/** Calls at which each operation is killed by default. */
const POINTS_USUAL = 2;
/** Part of the calls at which it must have died: what runs at once may change their order. */
const DEATHS_SHARE_MIN = FULL ? 0.9 : 0.5;
/** Most of such a run is the start of a process. */
const AT_ONCE = 2;
const script = join(import.meta.dirname, "run-operation.ts");
const obstacle = await whyNoTrace();
const reason = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;
let compileCache: string;

function runTraced(kind: string, root: string, killAt?: Point): Promise<TracedRun> {
  const log = `${root}.strace`;
  return trace({ script, args: [root, kind], root, log, compileCache, killAt });
}

async function held(store: TestStore, name: string): Promise<string | undefined> {
  const stored = await store.manifests.get(nameOf(name));
  return stored && textOf(stored.bytes);
}

/** No half a file, nothing that is no name, and no name without its blobs. */
async function expectWhole(store: TestStore): Promise<void> {
  expect(await collect(store.manifests.listStrays())).toEqual([]);
  const files = await readdir(join(store.root, "manifests"), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  for (const file of files) {
    if (!file.isFile() || file.name.startsWith(".")) continue;
    decodeManifest(await readFile(join(file.parentPath, file.name)));
  }
  for (const { digests } of await collect(store.manifests.roots())) {
    for (const digest of digests) expect(await store.blobs.ensureVerified(digest)).toBeDefined();
  }
}

/** @returns whether it was killed, or came to its end before that call */
async function killBefore(kind: string, operation: Operation, point: Point): Promise<boolean> {
  await using store = await openTestStore({ now: Date.now });
  await operation.prepare(store);
  const { killed } = await runTraced(kind, store.root, point);
  expect([operation.before, operation.after]).toContain(await held(store, operation.name));
  if (!killed) expect(await held(store, operation.name)).toBe(operation.after);
  await expectWhole(store);
  // Nothing that the killed process left stands in the way of the next one.
  if ((await held(store, operation.name)) !== operation.after) await operation.run(store);
  expect(await held(store, operation.name)).toBe(operation.after);
  await expectWhole(store);
  return killed;
}

async function listPoints(kind: string, operation: Operation): Promise<readonly Point[]> {
  await using store = await openTestStore({ now: Date.now });
  await operation.prepare(store);
  const { points, killed } = await runTraced(kind, store.root);
  expect(killed).toBe(false);
  return points.filter(({ reachable }) => reachable);
}

describe.skipIf(obstacle !== undefined)(`a process that is killed${reason}`, () => {
  beforeAll(async () => {
    compileCache = await mkdtemp(join(tmpdir(), "store-manifest-cache-"));
    // A first process compiles what later ones find compiled, which takes other calls.
    await listPoints(...Object.entries(operations)[0]!);
  }, 60_000);
  afterAll(() => rm(compileCache, { recursive: true, force: true }));

  it.each(Object.entries(operations))(
    "during %s leaves the old state or the new one, and nothing in the way",
    async (kind, operation) => {
      const points = await listPoints(kind, operation);
      const changing = points.filter(({ changes }) => changes);
      expect(changing.length).toBeGreaterThan(POINTS_USUAL);
      const chosen = FULL ? points : pick(changing, POINTS_USUAL, kind);
      let deaths = 0;
      for (let at = 0; at < chosen.length; at += AT_ONCE) {
        const some = chosen.slice(at, at + AT_ONCE);
        const killed = await Promise.all(some.map((point) => killBefore(kind, operation, point)));
        deaths += killed.filter(Boolean).length;
      }
      report(
        `${kind}: ${deaths} deaths at ${chosen.length} calls, ${changing.length} change something`,
      );
      expect(deaths).toBeGreaterThanOrEqual(chosen.length * DEATHS_SHARE_MIN);
    },
    FULL ? 1_200_000 : 60_000,
  );
});
