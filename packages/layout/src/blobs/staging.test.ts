import { readdir } from "node:fs/promises";
import { dirname } from "node:path";

import { expect, it } from "vitest";

import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { createStaging } from "./staging.ts";

it("puts private files that are there at the same time into one directory", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  const staged = await Promise.all(Array.from({ length: 20 }, () => createStaging(layout)));
  const directories = new Set(staged.map(({ path }) => dirname(path)));
  expect(directories.size).toBe(1);
  expect(new Set(staged.map(({ path }) => path)).size).toBe(20);
  const [first, ...others] = staged;
  await first?.release();
  expect(await readdir([...directories][0] ?? "")).toHaveLength(19);
  for (const staging of others) await staging.release();
  expect(await readdir(layout.paths.blobs)).toEqual([]);
});

it("shares no directory that is being removed, and removes none that somebody is about to use", async () => {
  let gate: Promise<void> | undefined;
  const fs: FsPort = {
    ...nodeFs,
    async open(...args) {
      await gate;
      return nodeFs.open(...args);
    },
  };
  await using temporary = await createTemporaryLayout({ fs });
  const { layout } = temporary;
  const before = await createStaging(layout);
  gate = before.release();
  const after = await createStaging(layout);
  const leaving = after.release();
  gate = undefined;
  const last = await createStaging(layout);
  await leaving;
  await last.file.write(new Uint8Array(1), 0);
  await last.release();
  expect(await readdir(layout.paths.blobs)).toEqual([]);
});

it("makes another directory after one could not be made", async () => {
  let isFull = true;
  const fs = {
    ...nodeFs,
    async mkdir(path: string): Promise<void> {
      if (isFull && path.includes(".incoming-"))
        throw Object.assign(new Error(), { code: "ENOSPC" });
      await nodeFs.mkdir(path);
    },
  };
  await using temporary = await createTemporaryLayout({ fs });
  const { layout } = temporary;
  const failed = await Promise.allSettled([createStaging(layout), createStaging(layout)]);
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isFull = false;
  const staging = await createStaging(layout);
  await staging.release();
  expect(await readdir(layout.paths.blobs)).toEqual([]);
});
