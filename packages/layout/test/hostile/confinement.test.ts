import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import {
  openBlobStore,
  openLayout,
  openLeaseStore,
  openPartialDebris,
  readOrigins,
  recheckBlob,
} from "@store/layout";
import { collectContent, createContent, expectStoreError } from "@store/layout/testing";

import {
  codesOf,
  content,
  contents,
  digest,
  expectWhole,
  inStore,
  kinds,
  neighbour,
  pictureOf,
  type Place,
  writers,
} from "./place.ts";

/** Replaces a directory on the way to the blob by a link to one outside, filled by `fill`. */
const links: readonly {
  readonly what: string;
  readonly replace: (place: Place, fill: (directory: string) => Promise<void>) => Promise<void>;
}[] = [
  {
    what: "the blob's directory",
    async replace({ directory, outside }, fill) {
      await rm(directory, { recursive: true });
      await fill(outside);
      await symlink(outside, directory);
    },
  },
  {
    what: "the fan-out",
    async replace({ layout, outside }, fill) {
      const inner = join(outside, digest.slice("sha256:".length));
      await mkdir(inner);
      await rm(layout.paths.fanout(digest), { recursive: true });
      await fill(inner);
      await symlink(outside, layout.paths.fanout(digest));
    },
  },
];

const fillings = {
  "the right bytes": content,
  "wrong bytes": createContent(content.length, 99),
  "no bytes": new Uint8Array(),
};

describe.each(links)("a link out of the store in place of $what", ({ replace }) => {
  /** `inStore` compares the outside before and after; what is filled in here must stay as well. */
  async function withLink(
    bytes: Uint8Array | undefined,
    body: (place: Place) => Promise<void>,
  ): Promise<void> {
    await inStore(async (place) => {
      await replace(place, async (directory) => {
        if (bytes !== undefined) await writeFile(join(directory, "data"), bytes);
      });
      const before = await pictureOf(place.outside);
      await body(place);
      expect(await pictureOf(place.outside)).toEqual(before);
      await rm(place.outside, { recursive: true });
    }, false);
  }

  describe.each(Object.entries(fillings))("to a file of %s", (_name, bytes) => {
    it.each(writers)("is not written through by $way", async ({ write }) => {
      await withLink(bytes, async ({ layout }) => {
        await expectStoreError(write(openBlobStore(layout)), "ERR_STORE_NOT_A_DIRECTORY");
        await expectWhole(openBlobStore(layout), neighbour);
      });
    });

    it("is not followed by a sweep", async () => {
      await withLink(bytes, async ({ layout }) => {
        const sweeping = openBlobStore(layout).trash(digest, "sweep");
        await expectStoreError(sweeping, "ERR_STORE_NOT_A_DIRECTORY");
      });
    });

    it("is not read through", async () => {
      await withLink(bytes, async ({ layout }) => {
        const blobs = openBlobStore(await openLayout(layout.paths.root));
        const looks: readonly (() => Promise<unknown>)[] = [
          () => blobs.stat(digest),
          () => blobs.locate(digest),
          () => blobs.ensureVerified(digest),
          () => collectContent(blobs.read(digest)),
          () => recheckBlob(layout, digest),
        ];
        for (const look of looks) await expectStoreError(look(), "ERR_STORE_NOT_A_DIRECTORY");
        expect(await readOrigins(layout, digest)).toEqual([]);
      });
    });

    it("is told of by verification", async () => {
      await withLink(bytes, async ({ layout }) => {
        expect(await codesOf(layout)).toEqual(["ERR_STORE_NOT_A_DIRECTORY"]);
      });
    });
  });

  it("hides nothing that a sweep moved aside, and nothing is restored through it", async () => {
    await inStore(async (place) => {
      await replace(place, (directory) => writeFile(join(directory, "data.trash-s"), content));
      const before = await pictureOf(place.outside);
      const blobs = openBlobStore(place.layout);
      await expectStoreError(blobs.stat(digest), "ERR_STORE_NOT_A_DIRECTORY");
      for await (const left of blobs.listTrash()) expect.fail(`listed: ${left.digest}`);
      expect(await pictureOf(place.outside)).toEqual(before);
    }, false);
  });
});

it("a link out of the store in place of a fan-out shows nothing of what is behind it", async () => {
  await inStore(async ({ layout, outside }) => {
    const hex = digest.slice("sha256:".length);
    const partial = `.partial-${hex}.0123456789abcdef`;
    await mkdir(join(outside, hex));
    await mkdir(join(outside, partial));
    await writeFile(join(outside, partial, "data.tmp"), "somebody else's");
    await rm(layout.paths.fanout(digest), { recursive: true });
    await symlink(outside, layout.paths.fanout(digest));
    const before = await pictureOf(outside);
    for await (const found of openBlobStore(layout).list()) expect(found).not.toBe(digest);
    const debris = openPartialDebris(layout);
    for await (const { id } of debris.list()) expect.fail(`listed: ${id}`);
    await debris.remove(`blobs/sha256/${hex.slice(0, 2)}/${partial}`);
    expect(await pictureOf(outside)).toEqual(before);
    await rm(outside, { recursive: true });
  }, false);
});

it.each([
  ["blobs/", (place: Place) => place.layout.paths.blobs],
  ["blobs/sha256/", (place: Place) => place.layout.paths.sha256],
])(
  "a link out of the store in place of %s is neither read nor written through",
  async (_name, at) => {
    await inStore(async (place) => {
      const elsewhere = join(place.outside, "elsewhere");
      await rename(at(place), elsewhere);
      await symlink(elsewhere, at(place));
      const before = await pictureOf(place.outside);
      const layout = await openLayout(place.layout.paths.root);
      const blobs = openBlobStore(layout);
      const list = async (): Promise<void> => {
        for await (const found of blobs.list()) expect.fail(found);
      };
      const uses: readonly (() => Promise<unknown>)[] = [
        list,
        () => codesOf(layout),
        () => blobs.stat(digest),
        () => collectContent(blobs.read(digest)),
        () => blobs.add(createContent(10, 5)),
        () => blobs.trash(digest, "sweep"),
      ];
      for (const use of uses) await expectStoreError(use(), "ERR_STORE_NOT_A_DIRECTORY");
      expect(await pictureOf(place.outside)).toEqual(before);
      await rm(elsewhere, { recursive: true });
    }, false);
  },
);

describe("a lease that calls itself by a path", () => {
  const id = "0123456789abcdef";
  const victim = "../../manifests/model";

  it("cannot be read, and nothing outside its directory is touched", async () => {
    await inStore(async ({ layout }) => {
      const manifest = join(layout.paths.manifests, "model.json");
      await mkdir(layout.paths.manifests, { recursive: true });
      await writeFile(manifest, "a name");
      const leases = openLeaseStore(layout);
      const lease = await leases.acquire([digest], { reason: "test" });
      const path = join(layout.paths.leases, `${lease.id}.json`);
      const text = await readFile(path, "utf8");
      await lease[Symbol.asyncDispose]();
      const forged = text
        .replace(lease.id, victim)
        .replace(/"expiresAtMs": \d+/, '"expiresAtMs": 1');
      await writeFile(join(layout.paths.leases, `${id}.json`), forged);
      const listing = (async () => {
        for await (const found of leases.list()) await leases.removeExpired(found.id);
      })();
      await expectStoreError(listing, "ERR_STORE_LEASE_INVALID");
      await expect(leases.removeExpired(victim)).rejects.toThrow(TypeError);
      expect(await readFile(manifest, "utf8")).toBe("a name");
    });
  });

  it.each(Object.entries({ ...kinds, ...contents }))(
    "is not removed as expired where it cannot be read, and nothing moves: %s in its place",
    async (name, damage) => {
      await inStore(async (place) => {
        const { layout } = place;
        await layout.makeDirectory(layout.paths.leases);
        const path = join(layout.paths.leases, `${id}.json`);
        await writeFile(path, "half a lease");
        await damage(path, place);
        const before = await pictureOf(layout.paths.root);
        const removing = openLeaseStore(layout).removeExpired(id);
        if (name === "nothing at all") expect(await removing).toBe(false);
        else {
          const code = name in kinds ? "ERR_STORE_NOT_A_FILE" : "ERR_STORE_LEASE_INVALID";
          await expectStoreError(removing, code);
        }
        expect(await pictureOf(layout.paths.root)).toEqual(before);
      });
    },
    10_000,
  );
});

it("a store that is read only is not swept either", async () => {
  await inStore(async ({ layout }) => {
    await openBlobStore(layout).trash(digest, "sweep");
    await using lease = await openLeaseStore(layout).acquire([digest], { reason: "test" });
    const before = await pictureOf(layout.paths.root);
    const readOnly = await openLayout(layout.paths.root, { readOnly: true });
    const blobs = openBlobStore(readOnly);
    for await (const left of blobs.listTrash()) {
      await expectStoreError(left.destroy(), "ERR_STORE_READ_ONLY");
      await expectStoreError(left.restore(), "ERR_STORE_READ_ONLY");
    }
    await expectWhole(blobs, content);
    await expectStoreError(openLeaseStore(readOnly).removeExpired(lease.id), "ERR_STORE_READ_ONLY");
    expect(await pictureOf(layout.paths.root)).toEqual(before);
  });
});
