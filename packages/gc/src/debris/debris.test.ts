import { mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { digestHex, openBlobStore } from "@store/layout";
import { createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { digestOf } from "../../test/support/digests.ts";
import { diskPorts, putContent } from "../../test/support/disk-store.ts";
import { collectGarbage, type GcReport } from "../index.ts";
import type { Expirables } from "../ports.ts";
import { createMarkExpirables } from "./mark-expirables.ts";
import { createRemainsExpirables } from "./remains-expirables.ts";
import { createTemporaryExpirables } from "./temporary-expirables.ts";

const DAY_MS = 86_400_000;
const OLD = new Date(Date.now() - 2 * DAY_MS);

async function write(path: string, time = OLD): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "12345");
  await utimes(path, time, time);
  await utimes(dirname(path), time, time);
}

async function idsOf(expirables: Expirables): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of expirables.list()) ids.push(id);
  return ids.sort();
}

describe("what is left of a blob that is gone", () => {
  it("goes after a day, if there is nothing in it that anybody could want", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    const [empty, litter, foreign, young] = [1, 2, 3, 4].map(digestOf);
    const at = (digest = empty, name = ""): string =>
      join(layout.paths.sha256, digestHex(digest!).slice(0, 2), digestHex(digest!), name);
    await putContent(layout, "a blob");
    await mkdir(at(empty), { recursive: true });
    await utimes(at(empty), OLD, OLD);
    for (const name of ["chunks", "origins.jsonl", ".tmp-0123456789abcdef"]) {
      await write(at(litter, name));
    }
    await write(at(foreign, "notes.txt"));
    await mkdir(at(young), { recursive: true });

    const ports = { ...diskPorts(layout), expirables: [createRemainsExpirables(layout)] };
    const sweep = (): Promise<GcReport> => collectGarbage(ports, { policy: { allowEmpty: true } });
    const { expired, freedBytes } = await sweep();
    expect(expired.map(({ id }) => id)).toEqual([empty, litter].sort());
    expect(freedBytes).toBe(15);
    const left: string[] = [];
    for await (const digest of openBlobStore(layout).list()) left.push(digest);
    expect(left.sort()).toEqual([digestOf("a blob"), foreign, young].sort());
    expect((await sweep()).expired).toEqual([]);
  });

  it("spares a directory that somebody has published into meanwhile", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    await putContent(layout, "came back");
    const digest = digestOf("came back");
    await createRemainsExpirables(layout).remove(digest);
    expect(await openBlobStore(layout).stat(digest)).toMatchObject({ verified: true });
    await expect(createRemainsExpirables(layout).remove("../x")).rejects.toThrow(TypeError);
  });
});

describe("files that were never finished", () => {
  it("are found wherever documents are written, and go by age", async () => {
    await using store = await createTemporaryLayout();
    const { layout, root } = store;
    const name = ".tmp-0123456789abcdef";
    const directories = [
      ".store",
      ".store/leases",
      ".store/pins",
      "locks/quarantine",
      "manifests",
      "manifests/h/n/m",
      "packs",
    ];
    for (const directory of directories) await write(join(root, directory, name));
    await write(join(root, "manifests/x.json.tmp"));
    await write(join(root, "manifests/h/n/m/t"));
    await write(join(root, "manifests", ".tmp-fedcba9876543210"), new Date());
    const expirables = createTemporaryExpirables(layout);
    expect(await idsOf(expirables)).toEqual(
      [...directories.map((path) => `${path}/${name}`), "manifests/.tmp-fedcba9876543210"].sort(),
    );

    const ports = { ...diskPorts(layout), expirables: [expirables], async *roots() {} };
    const { expired } = await collectGarbage(ports);
    expect(expired.map(({ id }) => id)).toEqual(directories.map((at) => `${at}/${name}`).sort());
    expect((await readdir(join(root, "manifests"))).sort()).toEqual(
      [".tmp-fedcba9876543210", "h", "x.json.tmp"].sort(),
    );
  });

  it("are not looked for behind a link out of the store", async () => {
    await using store = await createTemporaryLayout();
    const outside = join(store.root, "..", "outside");
    await write(join(outside, ".tmp-0123456789abcdef"));
    await mkdir(join(store.root, ".store"), { recursive: true });
    await symlink(outside, join(store.root, ".store", "released"));
    expect(await idsOf(createTemporaryExpirables(store.layout))).toEqual([]);
  });

  it("are the only thing that is removed", async () => {
    await using store = await createTemporaryLayout();
    const expirables = createTemporaryExpirables(store.layout);
    for (const id of [
      "manifests/x.json",
      "../.tmp-0123456789abcdef",
      "a/../.tmp-0123456789abcdef",
    ]) {
      await expect(expirables.remove(id)).rejects.toThrow(TypeError);
    }
  });
});

describe("marks of trash", () => {
  it("go once their trash has gone and they are a day old", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    await putContent(layout, "aside");
    await openBlobStore(layout).trash(digestOf("aside"), "crashed");
    const stale = `${digestHex(digestOf("gone"))}.dead`;
    const young = `${digestHex(digestOf("gone"))}.alive`;
    const kept = `${digestHex(digestOf("aside"))}.crashed`;
    for (const id of [stale, kept, "notes.txt"]) await write(join(layout.paths.trashed, id));
    await write(join(layout.paths.trashed, young), new Date());
    const expirables = createMarkExpirables(layout);
    expect(await idsOf(expirables)).toEqual([stale, young].sort());
    const ports = { ...diskPorts(layout), expirables: [expirables] };
    const plan = await collectGarbage(ports, { dryRun: true });
    expect(plan.plan.expired.map(({ id }) => id)).toEqual([stale]);
    await expirables.remove(stale);
    const left = (await readdir(layout.paths.trashed)).filter((name) => !name.startsWith("boot-"));
    expect(left.sort()).toEqual([kept, young, "notes.txt"].sort());
    await expect(expirables.remove("notes.txt")).rejects.toThrow(TypeError);
  });

  it("of an earlier boot keep their record until no trash is left", async () => {
    await using store = await createTemporaryLayout();
    const { layout } = store;
    const earlier = "boot-0123456789abcdef";
    await putContent(layout, "aside");
    const trashed = await openBlobStore(layout).trash(digestOf("aside"), "crashed");
    await write(join(layout.paths.trashed, earlier));
    const expirables = createMarkExpirables(layout);
    expect(await idsOf(expirables)).toEqual([]);
    await expirables.remove(earlier);
    expect(await readdir(layout.paths.trashed)).toContain(earlier);
    await trashed?.destroy();
    expect(await idsOf(expirables)).toEqual([earlier]);
    await expirables.remove(earlier);
    expect(await readdir(layout.paths.trashed)).toEqual([
      expect.stringMatching(/^boot-[0-9a-f]{16}$/),
    ]);
  });
});
