/**
 * Every file-system call of put, link, tag, unlink and remove fails once, or is the last one of its
 * process. Whatever happens, each name is afterwards the old one or the new one, whole, with all
 * its blobs; nothing needs a repair; and the same call, made again, succeeds.
 */
import { createFaultyFs, type FaultyFs, type FsFault, FsStopped } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { encodeV1, formatName, type ManifestStore } from "../src/index.ts";
import { quickFs } from "./support/quick-fs.ts";
import {
  addBlob,
  collect,
  describeText,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
  textOf,
  v1Of,
} from "./support/test-store.ts";

interface Scenario {
  readonly does: string;
  /** Whether reads fail too, and a full disk is tried: other ways to fail, through the same code. */
  readonly thorough?: boolean;
  prepare(store: TestStore): Promise<void>;
  act(manifests: ManifestStore): Promise<unknown>;
}

const ref = nameOf("h/n/m:t");
const flat = nameOf("x");
const layer = (text: string): Uint8Array => imageBytes([describeText(text)]);

async function addLayers(store: TestStore): Promise<void> {
  for (const text of ["old", "new"]) await addBlob(store.blobs, text);
}

const scenarios: readonly Scenario[] = [
  {
    does: "creates a reference",
    thorough: true,
    prepare: addLayers,
    act: (manifests) => manifests.put(ref, layer("new")),
  },
  {
    does: "creates a reference that must not exist",
    prepare: addLayers,
    act: (manifests) => manifests.put(ref, layer("new"), { ifMatch: null }).catch(ignoreOwn),
  },
  {
    does: "replaces a reference",
    thorough: true,
    async prepare(store) {
      await addLayers(store);
      await store.manifests.put(ref, layer("old"));
    },
    act: (manifests) => manifests.put(ref, layer("new")),
  },
  {
    does: "creates a flat name",
    prepare: addLayers,
    act: (manifests) => manifests.put(flat, encodeV1(v1Of("x", describeText("new")))),
  },
  {
    does: "links a manifest",
    async prepare(store) {
      await addLayers(store);
      await addBlob(store.blobs, textOf(layer("new")));
    },
    act: (manifests) => manifests.link(ref, describeText(textOf(layer("new"))).digest),
  },
  {
    does: "tags a flat name as a reference",
    async prepare(store) {
      await addLayers(store);
      await store.manifests.put(flat, encodeV1(v1Of("x", describeText("new"))));
    },
    act: (manifests) => manifests.tag(flat, ref),
  },
  {
    does: "unlinks a reference",
    async prepare(store) {
      await addLayers(store);
      await store.manifests.put(ref, layer("old"));
    },
    act: (manifests) => manifests.unlink(ref),
  },
  {
    does: "removes a reference",
    async prepare(store) {
      await addLayers(store);
      await store.manifests.put(ref, layer("old"));
    },
    act: (manifests) => manifests.remove(ref),
  },
];

/** A second attempt finds the name the first one made; that is its success. */
function ignoreOwn(error: unknown): void {
  if ((error as { code?: string }).code !== "ERR_STORE_MANIFEST_CHANGED") throw error;
}

/** Every name with its bytes; fails if a root cannot be read or a blob is missing. */
async function snapshot(store: TestStore): Promise<string> {
  for (const { name, digests } of await collect(store.manifests.roots())) {
    for (const digest of digests) {
      expect(await store.blobs.ensureVerified(digest), `${name} needs ${digest}`).toBeDefined();
    }
  }
  const lines: string[] = [];
  for (const { name } of await collect(store.manifests.list())) {
    const stored = await store.manifests.get(name);
    lines.push(`${formatName(name)} ${stored?.descriptor.digest}`);
  }
  return lines.join("\n");
}

/** One run of a scenario; with a fault, or counting only. */
async function run(
  scenario: Scenario,
  fault?: FsFault,
): Promise<{ before: string; after: string; retried: string; fs: FaultyFs; failed: boolean }> {
  await using store = await openTestStore();
  await scenario.prepare(store);
  const before = await snapshot(store);
  const fs = createFaultyFs(quickFs, fault);
  let failed = false;
  try {
    const faulty = await store.reopen({ fs });
    await scenario.act(faulty.manifests);
  } catch (error) {
    failed = true;
    if (fault?.kind !== "error") expect(error).toBeInstanceOf(FsStopped);
  }
  const after = await snapshot(await store.reopen());
  const again = await store.reopen();
  await scenario.act(again.manifests);
  return { before, after, retried: await snapshot(again), fs, failed };
}

type Fault = Exclude<FsFault, { readonly kind: "short-write" }>;

const faults: readonly (readonly [what: string, fault: Fault])[] = [
  ["an error of the disk", { kind: "error", at: 0, errno: "EIO" }],
  ["a full disk", { kind: "error", at: 0, errno: "ENOSPC" }],
  ["the end of its process", { kind: "stop", at: 0 }],
  ["half a write and the end of its process", { kind: "torn-write", at: 0 }],
];

/** Calls that change something. A process that ends before a read leaves what it leaves after it. */
const CHANGES =
  /^(?:open-create|open-update|write|fsync|fdatasync|fsync-directory|close|rename|link|unlink|mkdir|rmdir|chmod|fchmod|utimes|truncate|copyFile) /;

/** Whether a fault at a call of a scenario can show anything that the faults beside it do not. */
function isTelling({ thorough }: Scenario, { kind }: Fault, call: string): boolean {
  if (kind === "torn-write") return call.startsWith("write ");
  return CHANGES.test(call) || (kind === "error" && thorough === true);
}

/** Runs wait for the disk most of the time, so several go side by side. */
const SIDE_BY_SIDE = 8;

async function checkFault(
  scenario: Scenario,
  whole: { readonly before: string; readonly after: string },
  fault: Fault,
  where: string,
): Promise<boolean> {
  const outcome = await run(scenario, fault);
  expect(outcome.fs.struck, where).toBe(true);
  expect([whole.before, whole.after], where).toContain(outcome.after);
  if (!outcome.failed) expect(outcome.after, where).toBe(whole.after);
  expect(outcome.retried, where).toBe(whole.after);
  if (fault.kind === "error") expect(outcome.fs.openFiles, where).toBe(0);
  return outcome.failed;
}

describe.each(scenarios)("a store that $does", (scenario) => {
  const tried = faults.filter(([what]) => scenario.thorough === true || what !== "a full disk");
  it.each(tried)(
    "is old or new, and whole, after %s at any call",
    { timeout: 120_000 },
    async (_what, fault) => {
      const whole = await run(scenario);
      const steps = whole.fs.calls
        .map((call, index) => ({ at: index + 1, call }))
        .filter(({ call }) => isTelling(scenario, fault, call));
      expect(steps.length).toBeGreaterThan(0);
      let failures = 0;
      for (let start = 0; start < steps.length; start += SIDE_BY_SIDE) {
        const outcomes = await Promise.all(
          steps
            .slice(start, start + SIDE_BY_SIDE)
            .map(({ at, call }) => checkFault(scenario, whole, { ...fault, at }, `${at}: ${call}`)),
        );
        failures += outcomes.filter(Boolean).length;
      }
      expect(failures).toBeGreaterThan(0);
    },
  );
});

describe("the calls of a publish", () => {
  it("sync the file before it gets its name, and every directory after", async () => {
    await using store = await openTestStore();
    await addLayers(store);
    const fs = createFaultyFs(quickFs);
    const { manifests } = await store.reopen({ fs });
    await manifests.put(ref, layer("new"));
    const below = `${store.root}/manifests`;
    const steps = fs.calls
      .filter((call) => call.includes(below))
      .map((call) => call.replace(below, "").replace(/\.tmp-[0-9a-f]+/, ".tmp"))
      .filter((call) => /^(?:mkdir|fsync|fsync-directory|link|rename|open-create) /.test(call));
    expect(steps).toEqual([
      "mkdir ",
      "mkdir /h",
      "fsync-directory ",
      "mkdir /h/n",
      "fsync-directory /h",
      "mkdir /h/n/m",
      "fsync-directory /h/n",
      "open-create /h/n/m/.tmp",
      "fsync /h/n/m/.tmp",
      "link /h/n/m/.tmp",
      "fsync-directory /h/n/m",
    ]);
  });
});
