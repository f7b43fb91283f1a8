import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  digestBytes,
  type FsPort,
  isStoreError,
  type Layout,
  nodeFs,
  openLayout,
} from "@store/layout";
import { collectContent, createContent, createFaultyFs, type FsFault } from "@store/layout/testing";
import { FULL } from "@store/testing";
import { describe, expect, it } from "vitest";

import { createPackWriter, openPackSet, packPath, parsePackId, verifyPacks } from "../src/index.ts";
import { bytesOf } from "./support/packs.ts";
import { unsyncedFs } from "./support/unsynced-fs.ts";

// Every call that writing a pack makes goes wrong once, in every way, and then the same pack is
// written again.
const small = [bytesOf("hello"), createContent(3000, 1), createContent(500, 2)];
/** More than the writer gathers, so that it writes in several pieces. */
const large = [bytesOf("hello"), createContent(1_050_000, 1), createContent(500, 2)];

const ERRNOS = ["EIO", "ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "EMFILE", "ESTALE"];

/** Calls that only tidy up, or that do what not every file system can: failing changes nothing. */
const BEST_EFFORT = /^(?:unlink|close|fchmod) /;

interface Situation {
  readonly name: string;
  readonly contents: readonly Uint8Array[];
  /** What a writer finds. */
  readonly prepare: (layout: Layout) => Promise<void>;
}

const situations: readonly Situation[] = [
  { name: "into a new store", contents: large, prepare: async () => {} },
  {
    name: "beside another pack",
    contents: small,
    prepare: async (layout) => {
      await using writer = createPackWriter(layout);
      await writer.add(bytesOf("other"));
      await writer.finish();
    },
  },
  {
    name: "where a writer died before its index",
    contents: small,
    prepare: async (layout) => {
      const { id } = await write(layout, small);
      await nodeFs.unlink(packPath(layout, parsePackId(id), "idx"));
      await nodeFs.unlink(packPath(layout, parsePackId(id), "ids"));
    },
  },
  {
    name: "where the same pack is",
    contents: small,
    prepare: async (layout) => {
      await write(layout, small);
      await writeFile(join(layout.paths.packs, ".tmp-left"), "left by a writer that died");
    },
  },
];

async function write(
  layout: Layout,
  contents: readonly Uint8Array[],
): Promise<{ readonly id: string }> {
  await using writer = createPackWriter(layout);
  for (const content of contents) await writer.add(content);
  return await writer.finish();
}

/** Looks at a directory of packs past the writer: what is visible is whole. */
async function expectWhole(layout: Layout, where: string): Promise<void> {
  for await (const { severity, message } of verifyPacks(layout)) {
    if (severity === "error") expect.fail(`${message} when ${where}`);
  }
  await using set = await openPackSet(layout);
  expect(set.problems(), where).toEqual([]);
  for await (const digest of set.list()) {
    expect(digestBytes(await collectContent(set.read(digest))), where).toBe(digest);
  }
}

async function expectPresent(
  layout: Layout,
  contents: readonly Uint8Array[],
  where: string,
): Promise<void> {
  await using set = await openPackSet(layout);
  for (const content of contents) {
    expect(await set.stat(digestBytes(content)), where).toMatchObject({ size: content.length });
  }
}

/** Runs one write with one fault, if any, and answers the calls it made. */
async function writeOnce(situation: Situation, fault?: FsFault): Promise<readonly string[]> {
  const { contents } = situation;
  const root = await mkdtemp(join(tmpdir(), "store-pack-"));
  try {
    const prepared = await openLayout(root, { fs: unsyncedFs });
    await situation.prepare(prepared);
    const left = new Set(await nodeFs.readdir(prepared.paths.packs).catch(() => []));
    const fs = createFaultyFs(unsyncedFs, fault);
    const outcome = await openLayout(root, { fs })
      .then((layout) => write(layout, contents))
      .then(
        () => "done",
        (error: unknown) => error,
      );
    const call = fs.calls[(fault?.at ?? 0) - 1] ?? "";
    const where = `${call} meets ${JSON.stringify(fault)}`;
    expect(fs.struck, where).toBe(fault !== undefined);
    const layout = await openLayout(root, { fs: unsyncedFs });
    await expectWhole(layout, where);
    if (outcome === "done") await expectPresent(layout, contents, where);
    if (fault?.kind === "error" || fault?.kind === "short-write") {
      if (outcome !== "done" && !isStoreError(outcome)) {
        throw new Error(`not a typed error when ${where}`, { cause: outcome });
      }
      expect(fs.openFiles, where).toBe(0);
      expectNoSecondSync(fs.calls, fault, where);
      if (!BEST_EFFORT.test(call)) {
        const names = await nodeFs.readdir(layout.paths.packs).catch(() => []);
        const added = names.filter((name) => name.startsWith(".tmp-") && !left.has(name));
        expect(added, where).toEqual([]);
      }
    }
    await write(layout, contents);
    await expectWhole(layout, where);
    await expectPresent(layout, contents, where);
    return fs.calls;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A sync that failed is never tried again on the same file: the second one may lie. */
function expectNoSecondSync(calls: readonly string[], fault: FsFault, where: string): void {
  const failed = calls[fault.at - 1] ?? "";
  if (!failed.startsWith("fsync ")) return;
  expect(
    calls.slice(fault.at).filter((call) => call === failed),
    where,
  ).toEqual([]);
}

const isWrite = (call: string | undefined): boolean => call?.startsWith("write ") ?? false;

describe("writing a pack", () => {
  it.each(situations)(
    "leaves what is visible whole wherever the process ends: $name",
    async (situation) => {
      const calls = await writeOnce(situation);
      expect(calls.length).toBeGreaterThan(20);
      for (const [index, call] of calls.entries()) {
        await writeOnce(situation, { kind: "stop", at: index + 1 });
        if (isWrite(call)) await writeOnce(situation, { kind: "torn-write", at: index + 1 });
      }
    },
    600_000,
  );

  it.each(situations)(
    "answers a failing file system with a typed error and leaves nothing behind: $name",
    async (situation) => {
      const calls = await writeOnce(situation);
      // By default each call meets one of the errors in turn; all of them in the long suite.
      const step = FULL ? 1 : ERRNOS.length;
      for (const [shift, errno] of ERRNOS.entries()) {
        for (let at = 1 + (shift % step); at <= calls.length; at += step) {
          await writeOnce(situation, { kind: "error", at, errno });
        }
      }
      for (const [index, call] of calls.entries()) {
        if (isWrite(call)) await writeOnce(situation, { kind: "short-write", at: index + 1 });
      }
    },
    600_000,
  );
});

describe("reading packs", () => {
  it("answers a failing file system with the right bytes or a typed error, and closes every file", async () => {
    const root = await mkdtemp(join(tmpdir(), "store-pack-"));
    const layout = await openLayout(root);
    await write(layout, small);
    await write(layout, small.slice(1));

    const readAll = async (fs: FsPort): Promise<void> => {
      await using set = await openPackSet({ fs, dir: layout.paths.packs });
      await set.refresh();
      for (const content of small) {
        const digest = digestBytes(content);
        await set.stat(digest);
        const read = await collectContent(set.read(digest)).catch((error: unknown) => {
          if (!isStoreError(error)) throw error;
        });
        if (read !== undefined) expect(digestBytes(read)).toBe(digest);
      }
      for await (const { code } of verifyPacks({ fs, dir: layout.paths.packs })) {
        expect(code).toMatch(/^ERR_STORE_/);
      }
    };
    const counting = createFaultyFs(nodeFs);
    await readAll(counting);
    for (const errno of ERRNOS) {
      for (let at = 1; at <= counting.calls.length; at++) {
        const fs = createFaultyFs(nodeFs, { kind: "error", at, errno });
        const where = `${counting.calls[at - 1]} fails with ${errno}`;
        await readAll(fs).catch((error: unknown) => {
          if (!isStoreError(error)) throw new Error(`not typed when ${where}`, { cause: error });
        });
        expect(fs.openFiles, where).toBe(0);
      }
    }
    await rm(root, { recursive: true });
  }, 600_000);
});
