import { chmod, link, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import {
  digestBytes,
  type ErrorCode,
  openBlobStore,
  openLayout,
  openPartialDebris,
  readOrigins,
  verifyBlobs,
} from "@store/layout";
import { FULL } from "@store/testing";
import {
  canMakeDevices,
  check,
  codesOf,
  content,
  contents,
  damages,
  descriptor,
  digest,
  expectWhole,
  fillWithNul,
  flipBit,
  ingestWhole,
  inStore,
  kinds,
  neighbour,
  writers,
} from "./place.ts";

describe.each(writers)("data, written again by $way,", ({ write }) => {
  it.each(Object.entries(kinds))(
    "is refused where it is %s, and stays",
    async (_name, damage) => {
      await check((place) => damage(place.layout.paths.blob(digest), place), write, {
        finding: "ERR_STORE_NOT_A_FILE",
        refusal: "ERR_STORE_NOT_A_FILE",
      });
    },
    10_000,
  );

  const findings: Readonly<Record<string, ErrorCode | undefined>> = {
    "nothing at all": undefined,
    "no bytes": "ERR_STORE_BLOB_SIZE_MISMATCH",
  };
  it.each(Object.entries(contents))("is healed where it holds %s", async (name, damage) => {
    const finding = name in findings ? findings[name] : "ERR_STORE_BLOB_DIGEST_MISMATCH";
    await check(
      (place) => damage(place.layout.paths.blob(digest), place),
      write,
      finding === undefined ? {} : { finding },
    );
  });

  it("is healed where it holds zeros and nothing vouches for it", async () => {
    await check(
      async ({ layout }) => {
        await fillWithNul(layout.paths.blob(digest));
        await rm(layout.paths.chunks(digest));
      },
      write,
      { finding: "ERR_STORE_BLOB_DIGEST_MISMATCH" },
    );
  });

  it.each([
    ["zeros of the right size", fillWithNul],
    ["one flipped bit", flipBit],
  ])("is healed where it was written to since it was hashed: %s", async (_what, damage) => {
    await check(
      async ({ layout }) => {
        // Long ago, so that the clock's steps do not hide what comes now.
        await utimes(layout.paths.chunks(digest), 1e9, 1e9);
        await damage(layout.paths.blob(digest));
      },
      write,
      { finding: "ERR_STORE_BLOB_DIGEST_MISMATCH" },
    );
  });

  it("is healed where it is another name of its neighbour, which stays", async () => {
    await check(
      async ({ layout }) => {
        await rm(layout.paths.blob(digest));
        await link(layout.paths.blob(digestBytes(neighbour)), layout.paths.blob(digest));
      },
      write,
      { finding: "ERR_STORE_BLOB_DIGEST_MISMATCH" },
    );
  });

  it.each([
    ["from 1970", 0],
    ["before 1970", -86_400],
    ["from the year 2200", 7_258_118_400],
  ])("is as good as any where its time is %s", async (_name, time) => {
    await check(({ layout }) => utimes(layout.paths.blob(digest), time, time), write, {});
  });

  it("is as good as any where its mode lets everybody write", async () => {
    await check(({ layout }) => chmod(layout.paths.blob(digest), 0o666), write, {});
  });
});

it.each([
  ["zeros of the right size", fillWithNul],
  ["one flipped bit", flipBit],
])("%s below a chunk map is found by verification, whole and by sums", async (_name, damage) => {
  await inStore(async ({ layout }) => {
    const path = layout.paths.blob(digest);
    const { atime, mtime } = await stat(path);
    await damage(path);
    await utimes(path, atime, mtime);
    expect(await codesOf(layout)).toEqual(["ERR_STORE_BLOB_DIGEST_MISMATCH"]);
    const fast = [];
    for await (const { code } of verifyBlobs(layout, { mode: "fast" })) fast.push(code);
    expect(fast).toEqual(["ERR_STORE_BLOB_DIGEST_MISMATCH"]);
  });
});

it.skipIf(canMakeDevices)(
  "a device in place of a file (skipped: making one is not permitted)",
  () => expect.fail("it can be made"),
);

it("leftovers by the thousand are passed over", async () => {
  await inStore(async ({ layout, directory }) => {
    const count = FULL ? 100_000 : 2_000;
    const places = [directory, layout.paths.fanout(digest), layout.paths.blobs];
    for (let index = 0; index < count; index += 1) {
      const name = `.tmp-${index.toString(16).padStart(16, "0")}`;
      await writeFile(join(places[index % places.length] ?? directory, name), "");
    }
    const blobs = openBlobStore(await openLayout(layout.paths.root));
    await expectWhole(blobs, content);
    const listed = [];
    for await (const found of blobs.list()) listed.push(found);
    expect(listed).toEqual([digest, digestBytes(neighbour)].toSorted());
    for await (const left of blobs.listTrash()) expect.fail(`listed: ${left.digest}`);
    for await (const item of openPartialDebris(layout).list()) expect.fail(`listed: ${item.id}`);
    expect(await codesOf(layout)).toEqual([]);
  });
}, 120_000);

describe.each(writers)("a sidecar, when the blob is written again by $way,", ({ write }) => {
  for (const file of ["chunks", "origins.jsonl"]) {
    it.each(Object.entries({ ...kinds, ...contents }))(
      `harms nothing: ${file} with %s in its place`,
      async (_name, damage) => {
        await check(
          async (place) => {
            const path = join(place.directory, file);
            await writeFile(path, "{}\n", { flag: "a" });
            await damage(path, place);
            await readOrigins(place.layout, digest);
          },
          write,
          {},
        );
      },
      10_000,
    );
  }
});

describe("a partial", () => {
  for (const file of ["data.tmp", "journal", "owner.json"]) {
    it.each(Object.entries(damages))(
      `does not keep its blob out: ${file} with %s in its place`,
      async (_name, damage) => {
        await inStore(async (place) => {
          const { layout } = place;
          await rm(place.directory, { recursive: true });
          {
            await using ingest = await openBlobStore(layout).ingest(descriptor);
            await ingest.writeAt(0, content.slice(0, 2_000));
            await ingest.checkpoint();
          }
          const names = await readdir(layout.paths.fanout(digest));
          const partial = names.find((name) => name.startsWith(".partial-"));
          if (partial === undefined) return expect.fail("no partial");
          await damage(join(layout.paths.fanout(digest), partial, file), place);
          const blobs = openBlobStore(await openLayout(layout.paths.root));
          await ingestWhole(blobs);
          await expectWhole(blobs, content);
          expect(await codesOf(layout)).toEqual([]);
          for await (const item of openPartialDebris(layout).list()) expect(item.id).toBeTruthy();
        });
      },
      10_000,
    );
  }
});
