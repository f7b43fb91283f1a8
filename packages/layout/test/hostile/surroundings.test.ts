import { mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import {
  digestBytes,
  type ErrorCode,
  type Layout,
  openBlobStore,
  openLayout,
  openLeaseStore,
} from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import {
  check,
  codesOf,
  content,
  type Damage,
  damages,
  digest,
  expectWhole,
  inStore,
  kinds,
  pictureOf,
  type Place,
  writers,
} from "./place.ts";

/** Everything that is there can be read; nothing can be written, and nothing is changed by trying. */
async function expectReadOnly(
  { paths }: Layout,
  expected: { readonly refusal: ErrorCode; readonly findings: readonly ErrorCode[] },
): Promise<void> {
  const layout = await openLayout(paths.root);
  const blobs = openBlobStore(layout);
  const before = await pictureOf(paths.root);
  await expectWhole(blobs, content);
  expect(await codesOf(layout)).toEqual(expected.findings);
  const other = createContent(100, 9);
  const descriptor = { digest: digestBytes(other), size: 100 };
  const writes: readonly (() => Promise<unknown>)[] = [
    () => blobs.add(other),
    () => blobs.put(descriptor, other),
    () => blobs.ingest(descriptor),
    () => blobs.trash(digest, "sweep"),
    () => blobs.release([digest]),
    () => openLeaseStore(layout).acquire([digest], { reason: "test" }),
  ];
  for (const write of writes) await expectStoreError(write(), expected.refusal);
  expect(await pictureOf(paths.root)).toEqual(before);
}

describe("format.json", () => {
  const garbage: Readonly<Record<string, Damage>> = Object.fromEntries(
    Object.entries({
      "no bytes": "",
      zeros: "\0".repeat(50),
      garbage: "][",
      "bytes that are not UTF-8": Buffer.from('{"format":1,"x":"\xff"}', "latin1"),
      "format 0": '{"format":0}',
      "half a format": '{"format":1.5}',
      "the format as text": '{"format":"1"}',
      "features that are no names": '{"format":1,"incompat":[{}]}',
      "no format": "{}",
      "an array": "[]",
      null: "null",
    }).map(([name, text]) => [name, (path: string) => writeFile(path, text)]),
  );
  const unreadable: Readonly<Record<string, Damage>> = {
    ...kinds,
    ...garbage,
    "a terabyte": (path) => truncate(path, 2 ** 40),
  };

  it.each(Object.entries(unreadable))(
    "makes the store one to read only, and is told of, where it is unreadable: %s",
    async (_name, damage) => {
      await inStore(async (place) => {
        await damage(place.layout.paths.format, place);
        await expectReadOnly(place.layout, {
          refusal: "ERR_STORE_FORMAT_UNREADABLE",
          findings: ["ERR_STORE_FORMAT_UNREADABLE"],
        });
      });
    },
    10_000,
  );

  it.each(Object.entries(kinds).filter(([name]) => !/^an? (empty )?directory/.test(name)))(
    "is not looked for behind what is not its directory: .store is %s",
    async (_name, damage) => {
      await inStore(async (place) => {
        await damage(place.layout.paths.own, place);
        const layout = await openLayout(place.layout.paths.root);
        const adding = openBlobStore(layout).add(createContent(100, 9));
        await expectStoreError(adding, "ERR_STORE_FORMAT_UNREADABLE");
        expect(await codesOf(layout)).toEqual(["ERR_STORE_FORMAT_UNREADABLE"]);
      });
    },
    10_000,
  );

  it.each([
    ["a newer format", '{"format":2}'],
    ["a newer format that looks otherwise", '{"format":2,"incompat":{"none":true}}'],
    ["a feature that is unknown", '{"format":1,"incompat":["encrypted"]}'],
  ])("makes the store one to read only where it announces %s", async (_name, text) => {
    await inStore(async ({ layout }) => {
      await writeFile(layout.paths.format, text);
      await expectReadOnly(layout, { refusal: "ERR_STORE_VERSION_UNSUPPORTED", findings: [] });
    });
  });

  it("says in words what it could not read", async () => {
    await inStore(async ({ layout }) => {
      await writeFile(layout.paths.format, "][");
      const { readOnly } = await openLayout(layout.paths.root);
      expect(readOnly?.message).toContain(layout.paths.format);
      expect(readOnly?.message).not.toMatch(/NaN|undefined/);
    });
  });

  it("is written again where it is gone, and unknown compatible features are no obstacle", async () => {
    await inStore(async ({ layout }) => {
      await rm(layout.paths.format);
      await openBlobStore(await openLayout(layout.paths.root)).add(createContent(10, 3));
      expect(await readFile(layout.paths.format, "utf8")).toContain('"format": 1');
      await writeFile(layout.paths.format, '{"format":1,"compat":["x"],"y":{}}');
      expect((await openLayout(layout.paths.root)).readOnly).toBeUndefined();
    });
  });
});

describe("a lease", () => {
  /** A flipped bit may leave the whole lease of another digest. No byte depends on a lease. */
  const readable = new Set(["nothing at all", "one bit that is not what it was"]);
  it.each(Object.entries(damages).filter(([name]) => !readable.has(name)))(
    "that cannot be read stops whoever asks what is protected: %s in its place",
    async (name, damage) => {
      await inStore(async (place) => {
        const { layout } = place;
        await using lease = await openLeaseStore(layout).acquire([digest], { reason: "test" });
        await damage(join(layout.paths.leases, `${lease.id}.json`), place);
        const listing = (async () => {
          for await (const found of openLeaseStore(layout).list()) void found;
        })();
        await expectStoreError(
          listing,
          name in kinds ? "ERR_STORE_NOT_A_FILE" : "ERR_STORE_LEASE_INVALID",
        );
        await rm(join(layout.paths.leases, `${lease.id}.json`), { recursive: true });
      });
    },
    10_000,
  );
});

describe.each(writers)("what is not the store's, when a blob is written by $way,", ({ write }) => {
  const strangers = [
    ".DS_Store",
    "desktop.ini",
    "Thumbs.db",
    "data~",
    ".data.swp",
    "#data#",
    "data.bak",
    "data (1)",
    ".nfs000000000000000100000001",
    ".tmp-0123456789abcdef",
    "DATA",
  ];
  const places: readonly (readonly [string, (place: Place) => string])[] = [
    ["the root", ({ layout }) => layout.paths.root],
    ["blobs/", ({ layout }) => layout.paths.blobs],
    ["blobs/sha256/", ({ layout }) => layout.paths.sha256],
    ["the fan-out", ({ layout }) => layout.paths.fanout(digest)],
    ["the blob's directory", ({ directory }) => directory],
    [".store/leases/", ({ layout }) => layout.paths.leases],
    [".store/trashed/", ({ layout }) => layout.paths.trashed],
    ["the quarantine", ({ layout }) => layout.paths.quarantine],
  ];

  it.each(places)("is left alone in %s", async (_name, at) => {
    await check(
      async (place) => {
        await mkdir(at(place), { recursive: true });
        for (const name of strangers) await writeFile(join(at(place), name), "not the store's");
        await mkdir(join(at(place), "lost+found"));
      },
      async (blobs) => {
        await write(blobs);
        for await (const trashed of blobs.listTrash()) expect.fail(trashed.digest);
      },
      {},
    );
  });

  it("is left alone where it is a store inside the store", async () => {
    await check(
      async ({ layout }) => {
        for (const inner of [
          join(layout.paths.root, "models"),
          join(layout.paths.blobs, "inner"),
        ]) {
          await openBlobStore(await openLayout(inner)).add(createContent(10, 8));
        }
      },
      write,
      {},
    );
  });

  it("is told of and harms no other blob where it is a file in place of another fan-out", async () => {
    await inStore(async ({ layout }) => {
      const free = digest.startsWith("sha256:00") ? "01" : "00";
      await writeFile(join(layout.paths.sha256, free), "x");
      const blobs = openBlobStore(await openLayout(layout.paths.root));
      await write(blobs);
      await expectWhole(blobs, content);
      expect(await codesOf(layout)).toEqual(["ERR_STORE_NOT_A_DIRECTORY"]);
    });
  });

  it("is passed over by a sweep's look at trash where it is a file in place of a directory", async () => {
    await inStore(async ({ layout, directory }) => {
      const free = digest.startsWith("sha256:00") ? "01" : "00";
      await writeFile(join(layout.paths.sha256, free), "x");
      await rm(directory, { recursive: true });
      await writeFile(directory, "x");
      for await (const trashed of openBlobStore(layout).listTrash()) expect.fail(trashed.digest);
    });
  });

  it("stops the writer where it is a file in place of the blob's fan-out", async () => {
    await check(
      async ({ layout }) => {
        await rm(layout.paths.fanout(digest), { recursive: true });
        await writeFile(layout.paths.fanout(digest), "x");
      },
      write,
      { finding: "ERR_STORE_NOT_A_DIRECTORY", refusal: "ERR_STORE_NOT_A_DIRECTORY" },
    );
  });

  it("stops the writer where it is a file in place of the blob's directory", async () => {
    await check(
      async ({ directory }) => {
        await rm(directory, { recursive: true });
        await writeFile(directory, "x");
      },
      write,
      { finding: "ERR_STORE_NOT_A_DIRECTORY", refusal: "ERR_STORE_NOT_A_DIRECTORY" },
    );
  });

  it("stops the writer where a link leads out of the store in place of the fan-out", async () => {
    await check(
      async ({ layout, outside }) => {
        await rm(layout.paths.fanout(digest), { recursive: true });
        await symlink(outside, layout.paths.fanout(digest));
      },
      write,
      { finding: "ERR_STORE_NOT_A_DIRECTORY", refusal: "ERR_STORE_NOT_A_DIRECTORY" },
    );
  });
});
