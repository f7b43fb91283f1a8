import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { isErrno } from "../errors/errno.ts";
import { blockingFs } from "./blocking-fs.ts";
import { nodeFs } from "./node-fs.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "store-blocking-"));
  await mkdir(join(root, "directory"));
  await writeFile(join(root, "file"), "twelve bytes");
  await writeFile(join(root, "empty"), "");
  await symlink("file", join(root, "link"));
});
afterAll(() => rm(root, { recursive: true }));

const codeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return isErrno(error, "ENOENT", "ENOTDIR", "ELOOP") ? "refused" : error;
  }
};

it("lists what the port lists, and fails where it fails", async () => {
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  expect(blockingFs.entries(root).toSorted(byName)).toEqual(
    (await nodeFs.entries(root)).toSorted(byName),
  );
  for (const path of ["file", "absent", "file/below"])
    expect(codeOf(() => blockingFs.entries(join(root, path)))).toBe("refused");
});

it("reads a regular file that fits, and nothing else", async () => {
  const buffer = new Uint8Array(12);
  const small = blockingFs.readSmall(join(root, "file"), buffer);
  expect(Buffer.from(small?.bytes ?? []).toString()).toBe("twelve bytes");
  expect(small?.stat).toEqual(await nodeFs.lstat(join(root, "file")));
  expect(blockingFs.readSmall(join(root, "empty"), buffer)?.bytes).toHaveLength(0);
  expect(blockingFs.readSmall(join(root, "file"), new Uint8Array(11))).toBeUndefined();
  expect(blockingFs.readSmall(join(root, "directory"), buffer)).toBeUndefined();
  for (const path of ["link", "absent", "file/below"])
    expect(codeOf(() => blockingFs.readSmall(join(root, path), buffer))).toBe("refused");
});
