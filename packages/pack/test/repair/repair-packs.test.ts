import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";

import { digestBytes, type Finding, type Layout, openLayout } from "@store/layout";
import { collectContent, createContent } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  createPackWriter,
  openPack,
  type PackId,
  packPath,
  type PackRepair,
  repairPacks,
  verifyPacks,
} from "../../src/index.ts";
import { bytesOf, hexOf } from "../support/packs.ts";
import { createMemoryStore, listLoose, openBlobs } from "../support/stores.ts";

const contents = [bytesOf("hello world"), createContent(900, 1), createContent(70, 2)];
const other = [createContent(300, 3)];

async function write(layout: Layout, all: readonly Uint8Array[]): Promise<PackId> {
  await using writer = createPackWriter(layout);
  for (const content of all) await writer.add(content);
  return (await writer.finish()).id;
}

async function verify(layout: Layout): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of verifyPacks(layout)) findings.push(finding);
  return findings;
}

/** Changes the bytes of one of the pack's files, whatever its mode. */
async function change(path: string, how: (bytes: Buffer) => Uint8Array): Promise<void> {
  const bytes = await readFile(path);
  await rm(path);
  await writeFile(path, how(bytes));
}

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** Where the entry of the second content begins: after the header and the first entry. */
const SECOND = 8 + 24 + 26;

interface Damage {
  readonly what: string;
  readonly make: (layout: Layout, id: PackId) => Promise<unknown>;
  readonly repairs: readonly PackRepair["kind"][];
  /** Which of the contents are lost; none by default. */
  readonly lost?: readonly number[];
  /** Files that quarantine then holds. */
  readonly kept: number;
}

const damages: readonly Damage[] = [
  {
    what: "a flipped bit in its index",
    make: (layout, id) => change(packPath(layout, id, "idx"), (bytes) => flipped(bytes, 17)),
    repairs: ["index"],
    kept: 1,
  },
  {
    what: "an index cut within a row",
    make: (layout, id) => change(packPath(layout, id, "idx"), (bytes) => bytes.subarray(0, 40)),
    repairs: ["index"],
    kept: 1,
  },
  {
    what: "an index of fewer rows",
    make: (layout, id) => change(packPath(layout, id, "idx"), (bytes) => bytes.subarray(0, 32)),
    repairs: ["index"],
    kept: 1,
  },
  {
    what: "no index",
    make: (layout, id) => rm(packPath(layout, id, "idx")),
    repairs: ["index"],
    kept: 0,
  },
  {
    what: "no sidecar, as other tools leave it",
    make: (layout, id) => rm(packPath(layout, id, "ids")),
    repairs: ["identity"],
    kept: 0,
  },
  {
    what: "a flipped bit in its sidecar",
    make: (layout, id) => change(packPath(layout, id, "ids"), (bytes) => flipped(bytes, 50)),
    repairs: ["identity"],
    kept: 1,
  },
  {
    what: "neither index nor sidecar",
    make: (layout, id) =>
      Promise.all([rm(packPath(layout, id, "idx")), rm(packPath(layout, id, "ids"))]),
    repairs: ["index", "identity"],
    kept: 0,
  },
  {
    what: "a flipped bit in an object",
    make: (layout, id) =>
      change(packPath(layout, id, "dat"), (bytes) => flipped(bytes, SECOND + 60)),
    repairs: ["quarantined"],
    lost: [1],
    kept: 3,
  },
  {
    what: "a flipped bit in the key of an entry",
    make: (layout, id) => change(packPath(layout, id, "dat"), (bytes) => flipped(bytes, SECOND)),
    repairs: ["quarantined"],
    kept: 3,
  },
  {
    what: "a flipped bit in the size of an entry",
    make: (layout, id) =>
      change(packPath(layout, id, "dat"), (bytes) => flipped(bytes, SECOND + 16)),
    repairs: ["quarantined"],
    kept: 3,
  },
  {
    what: "a wrong count of entries",
    make: (layout, id) => change(packPath(layout, id, "dat"), (bytes) => flipped(bytes, 4)),
    repairs: ["quarantined"],
    kept: 3,
  },
  {
    what: "data cut within the last object",
    make: (layout, id) => change(packPath(layout, id, "dat"), (bytes) => bytes.subarray(0, -9)),
    repairs: ["quarantined"],
    lost: [2],
    kept: 3,
  },
  {
    what: "data cut within an object, and no index",
    async make(layout, id) {
      await change(packPath(layout, id, "dat"), (bytes) => bytes.subarray(0, SECOND + 100));
      await rename(packPath(layout, id, "idx"), `${packPath(layout, id, "idx")}.trash-x`);
    },
    repairs: ["quarantined"],
    lost: [1, 2],
    kept: 3,
  },
  {
    what: "no data",
    make: (layout, id) => rm(packPath(layout, id, "dat")),
    repairs: ["quarantined"],
    lost: [0, 1, 2],
    kept: 2,
  },
  {
    what: "a directory in the place of its data",
    async make(layout, id) {
      await rm(packPath(layout, id, "dat"));
      await mkdir(packPath(layout, id, "dat"));
    },
    repairs: ["quarantined"],
    lost: [0, 1, 2],
    kept: 3,
  },
];

describe("repairPacks", () => {
  it.each(damages)("mends a pack with $what", async ({ make, repairs, lost = [], kept }) => {
    await using store = await createMemoryStore();
    const { layout } = store;
    const good = await write(layout, other);
    const id = await write(layout, contents);
    await make(layout, id);
    const found = await verify(layout);
    expect(found).not.toEqual([]);

    const done = await repairPacks(layout, found);
    expect(done.map(({ kind, pack }) => [kind, pack])).toEqual(repairs.map((kind) => [kind, id]));
    expect(await verify(layout)).toEqual([]);
    await using opened = await openBlobs(layout);
    for (const [index, content] of [...contents, ...other].entries()) {
      const read = collectContent(opened.blobs.read(digestBytes(content)));
      if (!lost.includes(index)) expect(hexOf(await read)).toBe(hexOf(content));
      else await expect(read).rejects.toMatchObject({ code: "ERR_STORE_BLOB_NOT_FOUND" });
    }
    await using untouched = await openPack(layout, good);
    expect(untouched.identifiedCount).toBe(1);
    const names = await readdir(layout.paths.quarantine).catch(() => []);
    expect(names.filter((name) => name.endsWith(".bin"))).toHaveLength(kept);
  });

  it("leaves alone what a writer that died left, and what a newer program wrote", async () => {
    await using store = await createMemoryStore();
    const { layout } = store;
    const [debris, newer] = [await write(layout, other), await write(layout, contents)];
    await rm(packPath(layout, debris, "idx"));
    await change(packPath(layout, debris, "dat"), (bytes) => bytes.subarray(0, -1));
    await change(packPath(layout, newer, "ids"), (bytes) => {
      bytes[4] = 2;
      return bytes;
    });
    const before = await readdir(layout.paths.packs);
    expect(await repairPacks(layout, await verify(layout))).toEqual([]);
    expect(await readdir(layout.paths.packs)).toEqual(before);
  });

  it("takes the index away again if a sweep takes the data meanwhile", async () => {
    await using store = await createMemoryStore();
    const id = await write(store.layout, contents);
    await rm(packPath(store.layout, id, "idx"));
    const findings = await verify(store.layout);
    const { fs } = store.layout;
    const layout = await openLayout(store.root, {
      fs: {
        ...fs,
        async link(from, to) {
          if (to === packPath(store.layout, id, "idx")) await rm(packPath(store.layout, id, "dat"));
          await fs.link(from, to);
        },
        async rename(from, to) {
          if (to === packPath(store.layout, id, "idx")) await rm(packPath(store.layout, id, "dat"));
          await fs.rename(from, to);
        },
      },
    });
    expect(await repairPacks(layout, findings)).toEqual([]);
    expect(await readdir(layout.paths.packs)).toEqual([`pack-${id}.ids`]);
  });

  it("keeps a damaged pack in which somebody else finds what is not loose any more", async () => {
    await using store = await createMemoryStore();
    const id = await write(store.layout, contents);
    await change(packPath(store.layout, id, "dat"), (bytes) => flipped(bytes, SECOND + 60));
    const findings = await verify(store.layout);
    const { fs } = store.layout;
    const index = packPath(store.layout, id, "idx");
    const layout = await openLayout(store.root, {
      fs: {
        ...fs,
        async rename(from, to) {
          await fs.rename(from, to);
          // Right after D1 of the pack, another process packs what was just salvaged.
          const [first] = await listLoose(store.layout);
          if (from === index && first !== undefined) await rm(store.layout.paths.blob(first));
        },
      },
    });
    expect(await repairPacks(layout, findings)).toEqual([]);
    expect(await readdir(layout.paths.packs)).toHaveLength(3);
  });
});
