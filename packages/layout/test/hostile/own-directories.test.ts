import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import {
  digestHex,
  isStoreError,
  type Layout,
  openBlobStore,
  openLayout,
  openLeaseStore,
  type Paths,
  withNameLock,
  withSweepLock,
} from "@store/layout";
import { createContent } from "@store/layout/testing";
import { content, digest, expectWhole, inStore, pictureOf } from "./place.ts";

const own = [
  "locks",
  "leases",
  "released",
  "trashed",
  "quarantine",
] as const satisfies readonly (keyof Paths)[];

/** Everything that reads or writes there. */
const uses: Readonly<Record<string, (layout: Layout) => Promise<unknown>>> = {
  release: (layout) => openBlobStore(layout).release([digest]),
  retain: (layout) => openBlobStore(layout).retain([digest]),
  async trash(layout) {
    await (await openBlobStore(layout).trash(digest, "sweep"))?.restore();
  },
  async "list trash"(layout) {
    for await (const trashed of openBlobStore(layout).listTrash()) await trashed.restore();
  },
  async "take a lease"(layout) {
    await using lease = await openLeaseStore(layout).acquire([digest], { reason: "test" });
    await lease.check();
  },
  async "remove a lease"(layout) {
    await openLeaseStore(layout).removeExpired("0123456789abcdef");
  },
  async "remove leases"(layout) {
    const leases = openLeaseStore(layout);
    for await (const { id } of leases.list()) await leases.removeExpired(id);
  },
  "lock a name": (layout) => withNameLock(layout, "name", async () => {}, { waitMs: 0 }),
  "lock the sweep": (layout) => withSweepLock(layout, async () => {}),
  "refuse wrong bytes": (layout) =>
    openBlobStore(layout).put(
      { digest: `${digest.slice(0, -1)}0` as typeof digest, size: 10 },
      createContent(10, 7),
    ),
};

/** What would lead somebody who looks behind the link astray. */
async function fill(outside: string): Promise<void> {
  const hex = digestHex(digest);
  for (const name of [hex, `${hex}.sweep`, "boot-0123456789abcdef", "0123456789abcdef.json"])
    await writeFile(join(outside, name), "somebody else's");
  await mkdir(join(outside, "sweep.lock"));
}

describe.each(own)("a link out of the store in place of its directory of %s", (kind) => {
  it.each(Object.entries(uses))("is not followed: %s", async (_name, use) => {
    await inStore(async ({ layout, outside }) => {
      await fill(outside);
      await layout.makeDirectory(layout.paths[kind]);
      await rm(layout.paths[kind], { recursive: true });
      await symlink(outside, layout.paths[kind]);
      const before = await pictureOf(outside);
      const opened = await openLayout(layout.paths.root);
      await use(opened).catch((error: unknown) => {
        if (!isStoreError(error)) throw error;
      });
      expect(await pictureOf(outside)).toEqual(before);
      await expectWhole(openBlobStore(opened), content);
      await rm(outside, { recursive: true });
    }, false);
  });
});
