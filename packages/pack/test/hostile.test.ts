import { open, rm, writeFile } from "node:fs/promises";

import { digestBytes, type Finding } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  encodeFrame,
  encodeIdentity,
  encodeIndex,
  hashPackKey,
  openPack,
  openPackSet,
  type PackHome,
  packPath,
  parsePackId,
  parsePackKey,
  rebuildIndex,
  verifyPacks,
} from "../src/index.ts";
import { createReadOnlyFs } from "./support/memory-fs.ts";
import { bytesOf, createTemporaryPacks, hexOf, readFiles, writePack } from "./support/packs.ts";

// Packs made to do harm, each by what it tries. Lies of single fields are in `probes`.

const id = parsePackId("0123456789abcdef");
const hello = bytesOf("hello world");

/** A data file of some frames, whatever they are, and the entries of its index. */
function createPack(
  frames: readonly Uint8Array[],
  count: number = frames.length,
  keys: readonly string[] = [],
) {
  const header = Buffer.alloc(8);
  header.write("CHKL", "latin1");
  header.writeUInt32LE(count, 4);
  const pieces: Uint8Array[] = [header];
  let offset = 8;
  const entries = frames.map((frame, index) => {
    const key = parsePackKey(keys[index] ?? hexOf(new Uint8Array(16).fill(index)));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(frame.length));
    pieces.push(Buffer.from(key, "hex"), size, frame);
    const entry = { key, offset, encodedSize: frame.length };
    offset += 24 + frame.length;
    return entry;
  });
  return { data: new Uint8Array(Buffer.concat(pieces)), entries };
}

function homeOf(files: Readonly<Record<string, Uint8Array>>): PackHome {
  const named = Object.entries(files).map(
    ([kind, bytes]) => [`pack-${id}.${kind}`, bytes] as const,
  );
  return { fs: createReadOnlyFs(new Map(named)), dir: "/packs" };
}

async function codesOf(home: PackHome): Promise<readonly string[]> {
  const findings: Finding[] = [];
  for await (const finding of verifyPacks(home)) findings.push(finding);
  return findings.map(({ code }) => code);
}

describe("a pack made to do harm", () => {
  it("that announces 2^32 - 1 entries takes no memory for them", async () => {
    const { data, entries } = createPack([encodeFrame(hello)], 0xffff_ffff);
    const home = homeOf({ dat: data, idx: encodeIndex(entries) });
    await expectStoreError(openPack(home, id), "ERR_STORE_INDEX_INVALID");
    await expectStoreError(rebuildIndex(home, id), "ERR_STORE_PACK_INVALID");
    expect(await codesOf(home)).toContain("ERR_STORE_PACK_INVALID");
  });

  it("whose data is a sparse file of 1 TiB is seen through before it is read", async () => {
    await using packs = await createTemporaryPacks();
    const written = await writePack(packs.home, [hello, createContent(900, 1)]);
    const path = packPath(packs.home, written.id, "dat");
    const [data] = [(await readFiles(packs.home.dir)).get(`pack-${written.id}.dat`)];
    await rm(path);
    await writeFile(path, data ?? "");
    const file = await open(path, "r+");
    await file.truncate(2 ** 40);
    await file.close();
    await expectStoreError(openPack(packs.home, written.id), "ERR_STORE_INDEX_INVALID");
    expect(await codesOf(packs.home)).toEqual([
      "ERR_STORE_INDEX_INVALID",
      "ERR_STORE_PACK_INVALID",
    ]);
  });

  it("whose frames decode to 255 times their length gets no more memory than was allowed", async () => {
    const bomb = encodeFrame(new Uint8Array(4 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(20_000);
    const { data, entries } = createPack([bomb]);
    const home = homeOf({ dat: data, idx: encodeIndex(entries) });
    await using pack = await openPack(home, id, { entryBytesMax: 64 * 1024 });
    const before = process.memoryUsage().arrayBuffers;
    const key = parsePackKey("0".repeat(32));
    await expectStoreError(pack.read(key), "ERR_STORE_ENTRY_TOO_LARGE");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it("whose sidecar says a bomb is small is found out before it is decoded", async () => {
    const bomb = encodeFrame(new Uint8Array(4 * 1024 * 1024));
    const { data, entries } = createPack([bomb]);
    const digest = digestBytes(hello);
    const objects = entries.map((entry) => ({ ...entry, digest, size: hello.length }));
    const home = homeOf({
      dat: data,
      idx: encodeIndex(entries),
      ids: encodeIdentity(objects),
    });
    await using set = await openPackSet(home);
    const reading = (async () => {
      for await (const bytes of set.read(digest)) return bytes;
      return undefined;
    })();
    await expectStoreError(reading, "ERR_STORE_ENTRY_INVALID");
  });

  it("that holds a pack holds bytes and nothing else", async () => {
    await using packs = await createTemporaryPacks();
    const inner = createPack([encodeFrame(hello)], 1, [hashPackKey(hello)]).data;
    await writePack(packs.home, [inner, encodeFrame(inner), encodeFrame(encodeFrame(inner))]);
    await using set = await openPackSet(packs.home);
    expect(set.find(digestBytes(hello))).toBeUndefined();
    expect(hexOf(await set.readKey(hashPackKey(inner)))).toBe(hexOf(inner));
    expect(await codesOf(packs.home)).toEqual([]);
  });

  it("whose entry has a content with another key, or another digest, gives none", async () => {
    const { data, entries } = createPack([encodeFrame(bytesOf("another world"))]);
    const object = { ...entries[0]!, digest: digestBytes(hello), size: 13 };
    const home = homeOf({ dat: data, idx: encodeIndex(entries), ids: encodeIdentity([object]) });
    await using pack = await openPack(home, id);
    await expectStoreError(pack.readDigest(object.digest), "ERR_STORE_ENTRY_INVALID");
    await expectStoreError(pack.read(object.key), "ERR_STORE_ENTRY_INVALID");
    expect(await codesOf(home)).toContain("ERR_STORE_ENTRY_INVALID");
  });
});
