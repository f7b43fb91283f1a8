/** Real processes that are killed between any two changes they make to the file system. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { decodeManifest } from "../../src/index.ts";
import { createRandom } from "../support/random.ts";
import { collect, nameOf, openTestStore, type TestStore, textOf } from "../support/test-store.ts";
import { type Operation, operations } from "./operations.ts";
import { runKilled, type TracedCall, traceCalls, whyNotTraced } from "./traced-process.ts";

/** Places at which each operation is killed by default; all with `STORE_TEST_FULL`. */
const SAMPLE = 2;
/** Most of such a run is the start of a process. */
const AT_ONCE = 2;
const full = process.env["STORE_TEST_FULL"] !== undefined;
const obstacle = await whyNotTraced();
const reason = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;

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

async function killAt(kind: string, operation: Operation, call: TracedCall): Promise<boolean> {
  await using store = await openTestStore({ now: Date.now });
  await operation.prepare(store);
  const ended = await runKilled(kind, store.root, call);
  expect([operation.before, operation.after]).toContain(await held(store, operation.name));
  if (ended) expect(await held(store, operation.name)).toBe(operation.after);
  await expectWhole(store);
  // Nothing that the killed process left stands in the way of the next one.
  if ((await held(store, operation.name)) !== operation.after) await operation.run(store);
  expect(await held(store, operation.name)).toBe(operation.after);
  await expectWhole(store);
  return ended;
}

describe.skipIf(obstacle !== undefined)(`a process that is killed${reason}`, () => {
  it.each(Object.entries(operations))(
    "during %s leaves the old state or the new one, and nothing in the way",
    async (kind, operation) => {
      const calls = await (async () => {
        await using store = await openTestStore({ now: Date.now });
        await operation.prepare(store);
        return await traceCalls(kind, store.root);
      })();
      expect(calls.length).toBeGreaterThan(SAMPLE);
      const chosen = full ? calls : createRandom(kind).sample(calls, SAMPLE);
      const ended: boolean[] = [];
      for (let at = 0; at < chosen.length; at += AT_ONCE) {
        const some = chosen.slice(at, at + AT_ONCE);
        ended.push(...(await Promise.all(some.map((call) => killAt(kind, operation, call)))));
      }
      expect(ended).toContain(false);
    },
    full ? 600_000 : 60_000,
  );
});
