import { readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { openBlobStore } from "../blobs/disk-blob-store.ts";
import { type Digest, digestHex, parseDigest } from "../digest/digest.ts";
import type { Layout } from "../root/layout.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { isSpentMark, listSpentMarks } from "./spent-marks.ts";
import { announceTrash, listMarked } from "./trash-marks.ts";

const noticesIn = async ({ paths }: Layout): Promise<readonly string[]> =>
  (await readdir(paths.trashed)).filter((name) => !name.startsWith("boot-"));

async function withBlobs(
  count: number,
  body: (layout: Layout, digests: readonly Digest[]) => Promise<void>,
): Promise<void> {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const digests: Digest[] = [];
  for (let seed = 0; seed < count; seed += 1)
    digests.push((await blobs.add(createContent(100, 70 + seed))).digest);
  await body(temporary.layout, digests);
}

describe("what a sweep announces", () => {
  it("is one file for all its blobs, and gone once it is withdrawn", () =>
    withBlobs(3, async (layout, digests) => {
      const blobs = openBlobStore(layout);
      const notice = await blobs.announceTrash(digests);
      const trashed = [];
      for (const digest of digests) trashed.push(await blobs.trash(digest, "sweep", notice));
      expect(await noticesIn(layout)).toEqual([expect.stringMatching(/^notice-[0-9a-f]{16}$/)]);
      await trashed[0]?.restore();
      for (const one of trashed.slice(1)) await one?.destroy();
      expect(await noticesIn(layout)).toHaveLength(1);
      await notice.withdraw();
      expect(await noticesIn(layout)).toEqual([]);
    }));

  it("is found by the next sweep", () =>
    withBlobs(3, async (layout, digests) => {
      const blobs = openBlobStore(layout);
      const notice = await blobs.announceTrash(digests);
      await blobs.trash(digests[1]!, "sweep", notice);
      const left = [];
      for await (const { digest } of blobs.listTrash()) left.push(digest);
      expect(left).toEqual([digests[1]]);
      // Another day the walk of a few directories might find it as well.
      expect(await listMarked(layout)).toEqual(new Set(digests));
    }));

  it("is spent once nothing of it is in the trash", () =>
    withBlobs(2, async (layout, digests) => {
      const blobs = openBlobStore(layout);
      const notice = await blobs.announceTrash(digests);
      const [name = ""] = await noticesIn(layout);
      const trashed = await blobs.trash(digests[1]!, "sweep", notice);
      expect(await isSpentMark(layout, name)).toBe(false);
      expect(await listSpentMarks(layout)).toEqual([]);
      await trashed?.destroy();
      expect(await isSpentMark(layout, name)).toBe(true);
      expect(await listSpentMarks(layout)).toEqual([name]);
    }));

  it("is nothing where there is nothing to announce", () =>
    withBlobs(1, async (layout) => {
      await (await announceTrash(layout, [])).withdraw();
      await expect(noticesIn(layout)).rejects.toMatchObject({ code: "ENOENT" });
    }));

  it("is several files where it is long", () =>
    withBlobs(0, async (layout) => {
      const digests = Array.from({ length: 100_001 }, (_, index) =>
        parseDigest(`sha256:${index.toString(16).padStart(64, "0")}`),
      );
      const notice = await announceTrash(layout, digests);
      expect(await noticesIn(layout)).toHaveLength(2);
      expect((await listMarked(layout)).size).toBe(digests.length);
      await notice.withdraw();
      expect(await noticesIn(layout)).toEqual([]);
    }));

  it("counts as far as it is whole", () =>
    withBlobs(2, async (layout, digests) => {
      await announceTrash(layout, digests);
      const [name = ""] = await noticesIn(layout);
      await truncate(join(layout.paths.trashed, name), 65 + 30);
      expect(await listMarked(layout)).toEqual(new Set([digests[0]]));
    }));

  it.each(["a link", "a directory", "too large", "garbage"])("is ignored where it is %s", (what) =>
    withBlobs(1, async (layout, digests) => {
      await announceTrash(layout, digests);
      const [name = ""] = await noticesIn(layout);
      const path = join(layout.paths.trashed, name);
      const elsewhere = join(layout.paths.root, "elsewhere");
      await writeFile(elsewhere, `${digestHex(digests[0]!)}\n`);
      if (what === "a link") {
        await rm(path);
        await symlink(elsewhere, path);
      } else if (what === "a directory") {
        await rm(path);
        await layout.fs.mkdir(path);
      } else if (what === "too large") await truncate(path, 1024 * 1024 * 1024);
      else await writeFile(path, "../../etc/passwd\n\0\n");
      expect(await listMarked(layout)).toEqual(new Set());
    }),
  );
});
