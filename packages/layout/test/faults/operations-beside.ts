import { join } from "node:path";

import {
  digestBytes,
  materialize,
  openBlobStore,
  openLeaseStore,
  openPartialDebris,
  readOrigins,
  recheckBlob,
  recordOrigin,
  verifyBlobs,
  withNameLock,
  withSweepLock,
} from "@store/layout";
import { createContent } from "@store/layout/testing";

import type { Operation } from "./operations.ts";

const held = createContent(4_000, 110);
const digest = digestBytes(held);
const given = createContent(60_000, 111);

const plain: Pick<Operation, "keeps" | "makes" | "prepare"> = {
  keeps: [held],
  makes: [],
  async prepare(layout) {
    await openBlobStore(layout).add(held);
  },
};

/** What goes on around a blob that is there and stays. */
export const operationsBeside: readonly Operation[] = [
  {
    name: "lease taken, renewed and ended",
    ...plain,
    async run(layout) {
      const leases = openLeaseStore(layout);
      await using lease = await leases.acquire([digest], { reason: "test" });
      await lease.add([digestBytes(given)]);
      await lease.check();
      for await (const { id } of leases.list()) await leases.removeExpired(id);
    },
  },
  {
    name: "locks of a name and of a sweep",
    ...plain,
    run: (layout) =>
      withNameLock(layout, "name", () => withSweepLock(layout, async () => {}), { waitMs: 0 }),
  },
  {
    name: "fast and full verification, and another hashing",
    ...plain,
    async run(layout) {
      for await (const finding of verifyBlobs(layout, { mode: "fast" })) void finding;
      for await (const finding of verifyBlobs(layout)) void finding;
      await recheckBlob(layout, digest);
    },
  },
  {
    name: "reading, origins and materializing",
    ...plain,
    async run(layout) {
      const blobs = openBlobStore(layout);
      await recordOrigin(layout, digest, { location: "https://example.org/old" });
      await readOrigins(layout, digest);
      for await (const chunk of blobs.read(digest)) void chunk;
      const directory = join(layout.paths.root, "..", "view");
      await materialize(blobs, [{ digest, path: "old" }], directory, { fs: layout.fs });
    },
  },
  {
    name: "removal of a transfer that was given up",
    ...plain,
    async prepare(layout) {
      await plain.prepare(layout);
      await using ingest = await openBlobStore(layout).ingest({
        digest: digestBytes(given),
        size: given.length,
      });
      await ingest.writeAt(0, given.slice(0, 25_000));
    },
    async run(layout) {
      const debris = openPartialDebris(layout);
      for await (const { id } of debris.list()) await debris.remove(id);
    },
  },
];
