import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import { createContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { openBlobStore } from "./disk-blob-store.ts";
import { seeBlob } from "./see-blob.ts";

const content = createContent(5_000, 31);
const digest = digestBytes(content);

async function openFilled() {
  const temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const info = await blobs.put({ digest, size: content.length }, content);
  // What is above the blobs is looked at once.
  await blobs.stat(digest);
  const see = () => seeBlob(temporary.layout.prompt, digest);
  return { temporary, blobs, info, see, paths: temporary.layout.paths };
}

it("shows what a closer look shows", async () => {
  const { temporary, blobs, info, see } = await openFilled();
  await using _ = temporary;
  for (const released of [false, true]) {
    if (released) await blobs.release([digest]);
    const seen = await see();
    expect(seen).toMatchObject({ released, stat: { size: info.size, mtimeMs: info.addedAtMs } });
    expect(await blobs.ensureVerified(digest)).toEqual({ ...info, released });
    expect(await blobs.stat(digest)).toEqual({ ...info, released });
  }
});

it("says nothing of a blob that nobody has hashed, that changed since, or that is gone", async () => {
  const { temporary, see, paths } = await openFilled();
  await using _ = temporary;
  const data = paths.blob(digest);
  const later = new Date(Date.now() - 1000);
  await utimes(paths.chunks(digest), later, later);
  expect(await see()).toBeUndefined();
  await utimes(data, new Date(later.getTime() - 1), new Date(later.getTime() - 1));
  expect(await see()).toBeDefined();
  await truncate(paths.chunks(digest), 8);
  expect(await see()).toBeUndefined();
  await rename(data, paths.trash(digest, "sweep"));
  expect(await see()).toBeUndefined();
  await writeFile(data, "");
  expect(await see()).toBeUndefined();
});

it("knows a blob that has no directory, and says nothing where one is empty", async () => {
  const { temporary, see, paths } = await openFilled();
  await using _ = temporary;
  await rename(paths.blobDirectory(digest), join(temporary.root, "aside"));
  expect(await see()).toBe("absent");
  await mkdir(paths.blobDirectory(digest));
  expect(await see()).toBeUndefined();
  await rm(paths.fanout(digest), { recursive: true });
  expect(await see()).toBe("absent");
});

it("looks through no link", async () => {
  const { temporary, see, paths, blobs } = await openFilled();
  await using _ = temporary;
  expect(await see()).toBeDefined();
  const outside = join(temporary.root, "..", "outside");
  await mkdir(outside);
  await rename(paths.fanout(digest), join(outside, "fanout"));
  await symlink(join(outside, "fanout"), paths.fanout(digest));
  expect(await see()).toBeUndefined();
  await expect(blobs.ensureVerified(digest)).rejects.toMatchObject({
    code: "ERR_STORE_NOT_A_DIRECTORY",
  });
});
