/**
 * Publishing against deleting: every order in which the steps of one publish (P2, P3, P4) and one
 * sweep (D1, D2, D3 or D4) can interleave, with a sweep that sees no lease and takes no lock.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type BlobStore, type Digest, type FsPort, type Trashed } from "@store/layout";
import { describe, expect, it } from "vitest";

import { encodeV1, type ManifestStore, type Name, openManifestStore } from "../src/index.ts";
import { quickFs } from "./support/quick-fs.ts";
import {
  addBlob,
  collect,
  imageBytes,
  nameOf,
  openTestStore,
  type TestStore,
  textOf,
  v1Of,
} from "./support/test-store.ts";

/** Where a step of the sweep falls. */
const SLOTS = ["before P2", "before P3", "before P4", "after P4"] as const;
type Slot = (typeof SLOTS)[number];

/** All ways to place D1, D2 and D3/D4, in this order, into the slots: 20. */
const placements: readonly (readonly Slot[])[] = SLOTS.flatMap((first, i) =>
  SLOTS.slice(i).flatMap((second, j) => SLOTS.slice(i + j).map((third) => [first, second, third])),
);

/** A sweep of one blob in three steps, as the design has them, without leases. */
function createSweep(store: TestStore, victim: Digest): (() => Promise<void>)[] {
  let trashed: Trashed | undefined;
  let named = false;
  return [
    async () => {
      trashed = await store.blobs.trash(victim, "0123456789abcdef"); // D1
    },
    async () => {
      const roots = await collect(store.manifests.roots()); // D2
      named = roots.some(({ digests }) => digests.includes(victim));
    },
    async () => {
      if (trashed === undefined) return;
      if (named) await trashed.restore(); // D3
      else await trashed.destroy(); // D4
    },
  ];
}

interface Stage {
  readonly store: TestStore;
  readonly manifests: ManifestStore;
}

/** A manifest store that runs the steps of a sweep at the given places of its one publish. */
async function setStage(
  store: TestStore,
  victim: Digest,
  placement: readonly Slot[],
): Promise<Stage & { finish(outcome: string): Promise<void> }> {
  const steps = createSweep(store, victim);
  const done = new Set<Slot>();
  const reach = async (slot: Slot): Promise<void> => {
    if (done.has(slot)) return;
    done.add(slot);
    for (const [index, step] of steps.entries()) if (placement[index] === slot) await step();
  };
  const named = join(store.root, "manifests");
  // A name is created by a link and replaced by a rename.
  const naming =
    (call: (from: string, to: string) => Promise<void>) =>
    async (from: string, to: string): Promise<void> => {
      if (to.startsWith(named)) await reach("before P3");
      await call(from, to);
      if (to.startsWith(named)) await reach("before P4");
    };
  const fs: FsPort = { ...quickFs, rename: naming(quickFs.rename), link: naming(quickFs.link) };
  const layout = await store.temporary.reopen({ fs });
  const blobs: BlobStore = {
    ...store.blobs,
    async ensureVerified(digest, options) {
      await reach("before P2");
      return store.blobs.ensureVerified(digest, options);
    },
  };
  const manifests = openManifestStore(layout, { blobs, leases: store.leases });
  return {
    store,
    manifests,
    async finish(outcome) {
      await reach("after P4");
      // A slot that a whole publish never came to would have tested nothing.
      if (outcome === "published") expect([...done].toSorted()).toEqual(SLOTS.toSorted());
    },
  };
}

async function isWhole(store: TestStore): Promise<boolean> {
  for (const { digests } of await collect(store.manifests.roots())) {
    for (const digest of digests) {
      if ((await store.blobs.ensureVerified(digest)) === undefined) return false;
    }
  }
  return true;
}

const kinds = [
  {
    kind: "a flat name",
    name: nameOf("x"),
    bytes: async (store: TestStore, content: string) =>
      encodeV1(v1Of("x", await addBlob(store.blobs, content))),
  },
  {
    kind: "a reference",
    name: nameOf("h/n/m:t"),
    bytes: async (store: TestStore, content: string) =>
      imageBytes([await addBlob(store.blobs, content)]),
  },
] satisfies readonly {
  kind: string;
  name: Name;
  bytes(store: TestStore, content: string): Promise<Uint8Array>;
}[];

describe.each(kinds)("publishing $kind while its blob is swept", ({ name, bytes }) => {
  it.each(placements)("keeps the name whole with D1 %s, D2 %s, D3/D4 %s", async (...placement) => {
    await using store = await openTestStore();
    const { digest: victim } = await addBlob(store.blobs, "new");
    const content = await bytes(store, "new");
    const stage = await setStage(store, victim, placement);
    const outcome = await stage.manifests.put(name, content).then(
      () => "published",
      (error: { code: string }) => error.code,
    );
    await stage.finish(outcome);
    expect(["published", "ERR_STORE_MANIFEST_BLOB_MISSING"]).toContain(outcome);
    const found = await store.manifests.get(name);
    expect(found !== undefined).toBe(outcome === "published");
    expect(await isWhole(store)).toBe(true);
  });

  it.each(placements)(
    "puts back what a name held with D1 %s, D2 %s, D3/D4 %s",
    async (...placement) => {
      await using store = await openTestStore();
      const old = await bytes(store, "old");
      await store.manifests.put(name, old);
      const { digest: victim } = await addBlob(store.blobs, "new");
      const content = await bytes(store, "new");
      const stage = await setStage(store, victim, placement);
      const outcome = await stage.manifests.put(name, content).then(
        () => "published",
        (error: { code: string }) => error.code,
      );
      await stage.finish(outcome);
      const found = await store.manifests.get(name);
      expect(found?.bytes).toEqual(outcome === "published" ? content : old);
      expect(await isWhole(store)).toBe(true);
    },
  );

  it("has orders in which it fails and orders in which it succeeds", async () => {
    const outcomes = new Set<string>();
    for (const placement of placements) {
      await using store = await openTestStore();
      const { digest: victim } = await addBlob(store.blobs, "new");
      const content = await bytes(store, "new");
      const stage = await setStage(store, victim, placement);
      const put = stage.manifests.put(name, content);
      outcomes.add(
        await put.then(
          () => "published",
          (error: { code: string }) => error.code,
        ),
      );
    }
    expect([...outcomes].toSorted()).toEqual(["ERR_STORE_MANIFEST_BLOB_MISSING", "published"]);
  });
});

describe("publishing a reference while its own manifest is swept", () => {
  it.each(placements)(
    "puts the manifest back with D1 %s, D2 %s, D3/D4 %s",
    async (...placement) => {
      await using store = await openTestStore();
      const content = imageBytes([await addBlob(store.blobs, "layer")]);
      const { digest: victim } = await addBlob(store.blobs, textOf(content));
      const stage = await setStage(store, victim, placement);
      await stage.manifests.put(nameOf("h/n/m:t"), content);
      await stage.finish("published");
      expect((await store.manifests.get(nameOf("h/n/m:t")))?.descriptor.digest).toBe(victim);
      expect(await isWhole(store)).toBe(true);
    },
  );
});

describe("a name that moves while a sweep reads the names", () => {
  it("keeps its blobs: the tag looks again", async () => {
    await using store = await openTestStore();
    const blob = await addBlob(store.blobs, "weights");
    await store.manifests.put(nameOf("z/n/m:t"), imageBytes([blob]));
    const trashed = await store.blobs.trash(blob.digest, "0123456789abcdef"); // D1
    // D2 has read the directory that comes first before the name moves there.
    await store.manifests.tag(nameOf("z/n/m:t"), nameOf("a/n/m:t"));
    await store.manifests.unlink(nameOf("z/n/m:t"));
    await trashed?.destroy(); // D4: the name was not seen
    expect(await store.blobs.ensureVerified(blob.digest)).toBeDefined();
    expect(await isWhole(store)).toBe(true);
  });
});

describe("a second look that fails", () => {
  it("takes the name back", async () => {
    await using store = await openTestStore();
    const content = imageBytes([await addBlob(store.blobs, "layer")]);
    const failure = new Error("the disk is gone");
    let looks = 0;
    const blobs: BlobStore = {
      ...store.blobs,
      async ensureVerified(digest, options) {
        looks += 1;
        if (looks > 1) throw failure;
        return store.blobs.ensureVerified(digest, options);
      },
    };
    const manifests = openManifestStore(store.layout, { blobs, leases: store.leases });
    await expect(manifests.put(nameOf("h/n/m:t"), content)).rejects.toBe(failure);
    expect(await collect(store.manifests.list())).toEqual([]);
  });

  it("leaves alone what somebody else has put there since", async () => {
    await using store = await openTestStore();
    const mine = imageBytes([await addBlob(store.blobs, "mine")]);
    const theirs = imageBytes([await addBlob(store.blobs, "theirs")]);
    let looks = 0;
    const blobs: BlobStore = {
      ...store.blobs,
      async ensureVerified(digest, options) {
        looks += 1;
        if (looks > 1) {
          await writeFile(join(store.root, "manifests/h/n/m/t"), theirs);
          return undefined;
        }
        return store.blobs.ensureVerified(digest, options);
      },
    };
    const manifests = openManifestStore(store.layout, { blobs, leases: store.leases });
    await manifests.put(nameOf("h/n/m:t"), mine).catch(() => {});
    expect((await store.manifests.get(nameOf("h/n/m:t")))?.bytes).toEqual(theirs);
  });
});
