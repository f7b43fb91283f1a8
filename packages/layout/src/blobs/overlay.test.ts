import { expect, it } from "vitest";

import { type Digest, EMPTY_DIGEST } from "../digest/digest.ts";
import { digestBytes } from "../digest/digester.ts";
import { StoreError } from "../errors/store-error.ts";
import { collectContent, createContent } from "../testing/content.ts";
import { expectStoreError } from "../testing/expect-error.ts";
import type { BlobReader } from "./blob-reader.ts";
import type { BlobStore } from "./blob-store.ts";
import { createMemoryBlobStore } from "./memory-blob-store.ts";
import { overlay, type PackedBlobs } from "./overlay.ts";

const content = createContent(100, 1);
const digest = digestBytes(content);

async function holding(...all: readonly Uint8Array[]): Promise<BlobStore> {
  const store = createMemoryBlobStore();
  for (const bytes of all) await store.add(bytes);
  return store;
}

/** Notes every question in `asked`. */
function noting<T extends BlobReader>(name: string, base: T, asked: string[]): T {
  return {
    ...base,
    stat: (one: Digest) => {
      asked.push(name);
      return base.stat(one);
    },
  };
}

function packsOf(base: BlobReader, refresh = async (): Promise<void> => {}): PackedBlobs {
  return { ...base, refresh };
}

/** Answers every question with damage. */
async function damaged(): Promise<BlobStore> {
  const fail = (): Promise<never> =>
    Promise.reject(new StoreError("damaged", { kind: "corrupt", code: "ERR_STORE_TEST_DAMAGED" }));
  return { ...(await holding()), stat: fail };
}

it("asks the packs, the loose blobs, the packs anew, the loose ones anew, and a site's last", async () => {
  const asked: string[] = [];
  const store = overlay({
    writable: noting("loose", await holding(), asked),
    packs: packsOf(noting("packs", await holding(), asked), async () => void asked.push("refresh")),
    readOnly: [noting("site", await holding(), asked)],
  });
  expect(await store.stat(digest)).toBeUndefined();
  expect(asked).toEqual(["packs", "loose", "refresh", "packs", "loose", "site"]);
});

it("finds a blob that moved into a pack between the two questions", async () => {
  const packed = await holding();
  const store = overlay({
    writable: await holding(),
    packs: packsOf(packed, async () => void (await packed.add(content))),
  });
  expect(await collectContent(store.read(digest))).toEqual(content);
});

it("finds a blob that moved out of a pack between the two questions", async () => {
  const loose = await holding();
  const packs = packsOf(await holding(), async () => void (await loose.add(content)));
  expect(await overlay({ writable: loose, packs }).stat(digest)).toMatchObject({ size: 100 });
});

it("finds a good copy behind a damaged one, wherever the damage is", async () => {
  const good = await holding(content);
  const none = await holding();
  const bad = await damaged();
  const stores = [
    overlay({ writable: good, packs: packsOf(bad) }),
    overlay({ writable: bad, packs: packsOf(good) }),
    overlay({ writable: bad, packs: packsOf(none), readOnly: [good] }),
    overlay({ writable: none, readOnly: [bad, good] }),
  ];
  for (const store of stores) {
    expect(await store.stat(digest)).toMatchObject({ size: 100 });
    expect(await collectContent(store.read(digest))).toEqual(content);
  }
});

it("says damage, never absent, where there is no good copy", async () => {
  const none = await holding();
  const bad = await damaged();
  const stores = [
    overlay({ writable: bad }),
    overlay({ writable: none, packs: packsOf(bad) }),
    overlay({ writable: none, readOnly: [bad, none] }),
  ];
  for (const store of stores) {
    await expectStoreError(store.stat(digest), "ERR_STORE_TEST_DAMAGED");
    await expectStoreError(store.locate(digest), "ERR_STORE_TEST_DAMAGED");
    await expectStoreError(collectContent(store.read(digest)), "ERR_STORE_TEST_DAMAGED");
  }
});

it("does not take a failing disk for damage", async () => {
  const failure = new StoreError("no", { kind: "unavailable", code: "ERR_STORE_IO_FAILED" });
  const broken = { ...(await holding()), stat: () => Promise.reject(failure) };
  const store = overlay({ writable: broken, readOnly: [await holding(content)] });
  await expect(store.stat(digest)).rejects.toBe(failure);
});

it("reads again where a blob moved between finding and reading it, once", async () => {
  const loose = await holding(content);
  const packed = await holding(content);
  let reads = 0;
  const moving: BlobReader = {
    ...packed,
    read(one) {
      reads += 1;
      return createMemoryBlobStore().read(one);
    },
    stat: async (one) => (reads === 0 ? packed.stat(one) : undefined),
  };
  const store = overlay({ writable: loose, packs: packsOf(moving) });
  expect(await collectContent(store.read(digest))).toEqual(content);
  expect(reads).toBe(1);
  await expectStoreError(collectContent(store.read(EMPTY_DIGEST)), "ERR_STORE_BLOB_NOT_FOUND");
});

it("lists every digest once, ascending", async () => {
  const all = [1, 2, 3, 4, 5, 6].map((seed) => createContent(10, seed));
  const store = overlay({
    writable: await holding(...all.slice(0, 3)),
    packs: packsOf(await holding(...all.slice(2, 5))),
    readOnly: [await holding(...all)],
  });
  const listed: Digest[] = [];
  for await (const one of store.list()) listed.push(one);
  expect(listed).toEqual(all.map(digestBytes).toSorted());
});

it("does not write what a pack or a site holds already", async () => {
  const loose = await holding();
  const store = overlay({ writable: loose, readOnly: [await holding(content)] });
  expect(await store.put({ digest, size: 100 }, content)).toMatchObject({ digest });
  expect(await store.ensureVerified(digest)).toMatchObject({ digest });
  expect(await loose.stat(digest)).toBeUndefined();
});

it("takes a blob of its own where a site cannot be asked", async () => {
  const own = await holding();
  const store = overlay({ writable: own, readOnly: [await damaged()] });
  expect(await store.ensureVerified(digest)).toBeUndefined();
  await store.put({ digest, size: content.length }, content);
  expect(await own.stat(digest)).toMatchObject({ digest });
  expect(await store.ensureVerified(digest)).toMatchObject({ digest });
});
