/** Names listed with what they hold, read at once and one by one. */
import { mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { createFaultyFs } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { encodeV1, formatName, type ListedManifest } from "../src/index.ts";
import { quickFs } from "./support/quick-fs.ts";
import { collect, describeText, imageBytes, openTestStore, v1Of } from "./support/test-store.ts";

const image = imageBytes([describeText("layer")]);
const large = Buffer.concat([image, Buffer.alloc(100_000, " ")]);
const MODIFIED_MS = 1_700_000_000_000;

async function write(root: string, path: string, bytes: Uint8Array | string): Promise<string> {
  const file = join(root, "manifests", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
  await utimes(file, MODIFIED_MS / 1000, MODIFIED_MS / 1000);
  return file;
}

const summaryOf = (listed: ListedManifest): readonly unknown[] => [
  formatName(listed.entry.name),
  "error" in listed ? listed.error.code : [listed.stored.bytes.length, listed.modifiedAtMs],
];

describe.each([
  ["at once", quickFs],
  ["one by one", { ...quickFs, blocking: undefined }],
])("listing names with what they hold, %s", (_title, fs) => {
  it("gives each manifest, and what is wrong with those that cannot be read", async () => {
    await using store = await openTestStore({ fs });
    const flat = encodeV1(v1Of("flat", describeText("weights")));
    await write(store.root, "flat.json", flat);
    await write(store.root, "h/n/m/empty", "");
    await write(store.root, "h/n/m/good", image);
    await write(store.root, "h/n/m/large", large);
    await write(store.root, "h/n/m/huge", Buffer.alloc(5 * 1024 * 1024, " "));
    await write(store.root, "h/n/m/newer", '{"schemaVersion":3,"layers":[]}');
    await write(store.root, "h/n/m/.tmp-1234567812345678", "half");
    await write(store.root, "not a name.json", "{}");
    await symlink("good", join(store.root, "manifests/h/n/m/linked"));
    const all = await collect(store.manifests.listStored());
    expect(all.map(summaryOf)).toEqual([
      ["flat", [flat.length, MODIFIED_MS]],
      ["h/n/m:empty", "ERR_STORE_MANIFEST_INVALID"],
      ["h/n/m:good", [image.length, MODIFIED_MS]],
      ["h/n/m:huge", "ERR_STORE_MANIFEST_TOO_LARGE"],
      ["h/n/m:large", [large.length, MODIFIED_MS]],
      ["h/n/m:linked", "ERR_STORE_NOT_A_FILE"],
      ["h/n/m:newer", "ERR_STORE_MANIFEST_VERSION_UNSUPPORTED"],
    ]);
    for (const listed of all) {
      if ("error" in listed) continue;
      expect(listed.stored).toEqual(await store.manifests.get(listed.entry.name));
    }
  });

  it("leaves out a name that goes away meanwhile", async () => {
    await using store = await openTestStore({ fs });
    const names = Array.from({ length: 10 }, (_, index) => `h/n/m/t${index}`);
    for (const name of names) await write(store.root, name, image);
    const vanishing: typeof fs = {
      ...fs,
      async entries(path) {
        const found = await fs.entries(path);
        if (path.endsWith("m")) await rm(join(path, "t5"));
        return found;
      },
      blocking: undefined,
    };
    const other = await store.reopen({ fs: vanishing });
    expect(await collect(other.manifests.listStored())).toHaveLength(9);
  });
});

it("orders names by their full text, whatever their directories are called", async () => {
  await using store = await openTestStore();
  const paths = [
    "h/n/m/t",
    "h/n/m-2/t",
    "h/n/m.x/t",
    "h/n-2/m/t",
    "h-2/n/m/t",
    "h%3A5000/n/a/t",
    "h:5000/n/b/t",
    "h%3A5000/n/c/t",
    "h%3A5000/n/m/a",
    "h:5000/n/m/b",
    "h%3A5000/n/m/c",
    "H/n/m/t",
    "h.json",
    "h-1.json",
  ];
  for (const path of paths) {
    const name = path.replace(".json", "");
    const flat = encodeV1(v1Of(name, describeText("weights")));
    await write(store.root, path, path.endsWith(".json") ? flat : image);
  }
  const names = (await collect(store.manifests.list())).map(({ name }) => formatName(name));
  expect(names).toEqual(names.toSorted());
  expect(names).toHaveLength(paths.length);
  const stored = await collect(store.manifests.listStored());
  expect(stored.map(({ entry }) => formatName(entry.name))).toEqual(names);
});

it("is an error when the disk fails, and not a shorter list", async () => {
  await using store = await openTestStore();
  await write(store.root, "h/n/m/a", image);
  await write(store.root, "h/n/m/b", image);
  const counting = createFaultyFs(quickFs);
  await collect((await store.reopen({ fs: counting })).manifests.listStored());
  for (const operation of ["entries", "open-read", "fstat", "read"]) {
    const at = counting.calls.findIndex(
      (call) => call.startsWith(`${operation} `) && call.includes("manifests"),
    );
    const fs = createFaultyFs(quickFs, { kind: "error", at: at + 1, errno: "EIO" });
    const failing = await store.reopen({ fs });
    await expect(collect(failing.manifests.listStored())).rejects.toMatchObject({
      code: "ERR_STORE_IO_FAILED",
    });
  }
});
