import { unlink, writeFile } from "node:fs/promises";

import { digestBytes, type Finding } from "@store/layout";
import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import {
  decodeIdentity,
  describePack,
  encodeIdentity,
  hashPackKey,
  type PackHome,
  packPath,
  parsePackId,
  rebuildIdentity,
  rebuildIndex,
  verifyPacks,
  type VerifyPacksOptions,
} from "../src/index.ts";
import { createReadOnlyFs } from "./support/memory-fs.ts";
import { bytesOf, createTemporaryPacks, hexOf, readFiles, writePack } from "./support/packs.ts";

const contents = [bytesOf("hello world"), createContent(900, 1), bytesOf("goodbye")];

async function verify(home: PackHome, options?: VerifyPacksOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of verifyPacks(home, options)) findings.push(finding);
  return findings;
}

/** A pack of three objects in memory, and where its middle one lies. */
async function load(): Promise<{
  id: ReturnType<typeof parsePackId>;
  files: Map<string, Uint8Array>;
  home: PackHome;
}> {
  await using packs = await createTemporaryPacks();
  const { id } = await writePack(packs.home, contents);
  const files = await readFiles(packs.home.dir);
  return { id, files, home: { fs: createReadOnlyFs(files), dir: "/packs" } };
}

/** A copy of bytes with one of them changed. */
function flip(bytes: Uint8Array | undefined, at: number): Uint8Array {
  const flipped = new Uint8Array(bytes ?? []);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}

describe("verifyPacks", () => {
  it("has nothing to say of good packs, and counts what it checked", async () => {
    await using packs = await createTemporaryPacks();
    const one = await writePack(packs.home, contents);
    const other = await writePack(packs.home, contents.slice(1));
    const events: unknown[] = [];
    expect(await verify(packs.home, { onProgress: (event) => events.push(event) })).toEqual([]);
    const expected = [one, other].map(({ id, size }) => ({ kind: "pack", id, bytes: size }));
    expect(events).toEqual(expected.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  });

  it("names a damaged object and its pack's wrong name, and checks the others", async () => {
    const { id, files, home } = await load();
    files.set(`pack-${id}.dat`, flip(files.get(`pack-${id}.dat`), 8 + 24 + 26 + 24 + 100));
    const findings = await verify(home);
    expect(findings.map(({ code }) => code)).toEqual([
      "ERR_STORE_ENTRY_INVALID",
      "ERR_STORE_PACK_CHECKSUM_MISMATCH",
    ]);
    for (const finding of findings) {
      expect(finding).toMatchObject({ severity: "error", subject: `pack-${id}` });
    }
    expect(findings[0]?.detail).toMatchObject({
      pack: id,
      offset: 58,
      expected: digestBytes(contents[1]!),
    });
  });

  it("finds a sidecar that lies about an object whose key is right", async () => {
    const { id, files, home } = await load();
    const objects = decodeIdentity(files.get(`pack-${id}.ids`)!);
    const lies = objects.map((object) => ({ ...object, digest: digestBytes(bytesOf("lie")) }));
    files.set(`pack-${id}.ids`, encodeIdentity(lies));
    const codes = (await verify(home)).map(({ code }) => code);
    expect(codes).toEqual(Array(3).fill("ERR_STORE_ENTRY_INVALID"));
  });

  it("finds a key that lies about an object whose digest is right", async () => {
    const { id, files, home } = await load();
    // The key of the first entry, in data, index and sidecar alike.
    const key = Buffer.from(hashPackKey(contents[0]!), "hex");
    for (const [name, bytes] of files) {
      const changed = new Uint8Array(bytes);
      changed[Buffer.from(changed).indexOf(key)]! ^= 1;
      files.set(name, changed);
    }
    const ids = decodeIdentity((await load()).files.get(`pack-${id}.ids`)!);
    const wrong = (Number.parseInt(hashPackKey(contents[0]!).slice(0, 2), 16) ^ 1).toString(16);
    const rows = ids.map((row) =>
      row.offset === 8 ? { ...row, key: (wrong + row.key.slice(2)) as typeof row.key } : row,
    );
    files.set(`pack-${id}.ids`, encodeIdentity(rows));
    const codes = (await verify(home)).map(({ code }) => code);
    expect(codes).toEqual(["ERR_STORE_ENTRY_INVALID", "ERR_STORE_PACK_CHECKSUM_MISMATCH"]);
  });

  it("checks the objects of a pack whose index is damaged by what the data says", async () => {
    const { id, files, home } = await load();
    files.set(`pack-${id}.idx`, flip(files.get(`pack-${id}.idx`), 16));
    files.set(`pack-${id}.dat`, flip(files.get(`pack-${id}.dat`), 8 + 24 + 26 + 24 + 100));
    expect((await verify(home)).map(({ code }) => code)).toEqual([
      "ERR_STORE_INDEX_INVALID",
      "ERR_STORE_ENTRY_INVALID",
      "ERR_STORE_PACK_CHECKSUM_MISMATCH",
    ]);
  });

  it("says where the data ends too early, with and without a good index", async () => {
    const { id, files, home } = await load();
    const data = files.get(`pack-${id}.dat`)!;
    files.set(`pack-${id}.dat`, data.subarray(0, 500));
    expect((await verify(home)).map(({ code }) => code)).toEqual([
      "ERR_STORE_PACK_TRUNCATED",
      "ERR_STORE_PACK_TRUNCATED",
    ]);
    files.set(`pack-${id}.dat`, new Uint8Array([...data, 0]));
    expect((await verify(home)).map(({ code }) => code)).toEqual([
      "ERR_STORE_INDEX_INVALID",
      "ERR_STORE_PACK_INVALID",
    ]);
  });

  it("notes packs without a sidecar, and files of no pack, without calling them damaged", async () => {
    const { id, files, home } = await load();
    files.delete(`pack-${id}.ids`);
    expect(await verify(home)).toEqual([
      expect.objectContaining({ severity: "note", code: "ERR_STORE_IDENTITY_MISSING" }),
    ]);
    files.delete(`pack-${id}.idx`);
    expect(await verify(home)).toEqual([
      expect.objectContaining({ severity: "note", code: "ERR_STORE_PACK_UNINDEXED" }),
    ]);
  });

  it("reports a missing data file and a damaged sidecar", async () => {
    const { id, files, home } = await load();
    files.set(`pack-${id}.ids`, flip(files.get(`pack-${id}.ids`), 20));
    expect((await verify(home)).map(({ code }) => code)).toEqual(["ERR_STORE_IDENTITY_INVALID"]);
    files.delete(`pack-${id}.dat`);
    expect((await verify(home)).map(({ code }) => code)).toEqual(["ERR_STORE_PACK_INVALID"]);
  });

  it("turns a file that cannot be read into a finding and goes on", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    await writePack(packs.home, contents.slice(1));
    const fs = {
      ...packs.home.fs,
      async open(path: string, mode: "read"): ReturnType<typeof packs.home.fs.open> {
        if (path === packPath(packs.home, id, "dat")) {
          throw Object.assign(new Error("EIO"), { code: "EIO", errno: -5 });
        }
        return packs.home.fs.open(path, mode);
      },
    };
    expect(await verify({ ...packs.home, fs })).toEqual([
      expect.objectContaining({ code: "ERR_STORE_IO_FAILED", subject: `pack-${id}` }),
    ]);
  });

  it("stops when the caller aborts, with the caller's reason", async () => {
    const { home } = await load();
    const reason = new Error("enough");
    await expect(verify(home, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("rebuilding", () => {
  it("gives the very bytes the writer wrote", async () => {
    const { id, files, home } = await load();
    const [index, sidecar] = [files.get(`pack-${id}.idx`)!, files.get(`pack-${id}.ids`)!];
    files.delete(`pack-${id}.idx`);
    files.delete(`pack-${id}.ids`);
    expect(hexOf(await rebuildIndex(home, id))).toBe(hexOf(index));
    expect(hexOf(await rebuildIdentity(home, id))).toBe(hexOf(sidecar));
  });

  it("makes no index of a data file that is cut, longer, or none", async () => {
    const { id, files, home } = await load();
    const name = `pack-${id}.dat`;
    const data = files.get(name)!;
    const cases = [
      [data.subarray(0, -1), "ERR_STORE_PACK_TRUNCATED"],
      [data.subarray(0, 5), "ERR_STORE_PACK_TRUNCATED"],
      [data.subarray(0, 60), "ERR_STORE_PACK_TRUNCATED"],
      [data.subarray(0, 58), "ERR_STORE_PACK_TRUNCATED"],
      [new Uint8Array([...data, 0]), "ERR_STORE_PACK_INVALID"],
      [flip(data, 0), "ERR_STORE_PACK_INVALID"],
      [new Uint8Array(data.length), "ERR_STORE_PACK_INVALID"],
      [flip(data, 7), "ERR_STORE_PACK_INVALID"],
      [flip(data, 8 + 16 + 7), "ERR_STORE_PACK_TRUNCATED"],
    ] as const;
    for (const [bytes, code] of cases) {
      files.set(name, bytes);
      await expectStoreError(rebuildIndex(home, id), code);
      await expectStoreError(rebuildIdentity(home, id), code);
    }
    files.delete(name);
    await expectStoreError(rebuildIndex(home, id), "ERR_STORE_PACK_NOT_FOUND");
  });

  it("leaves a damaged object out of the sidecar only if the caller wants to know of it", async () => {
    const { id, files, home } = await load();
    files.set(`pack-${id}.dat`, flip(files.get(`pack-${id}.dat`), 8 + 24 + 26 + 24 + 100));
    await expectStoreError(rebuildIdentity(home, id), "ERR_STORE_ENTRY_INVALID");
    const damages: Finding[] = [];
    const bytes = await rebuildIdentity(home, id, { onDamage: (finding) => damages.push(finding) });
    expect(damages).toEqual([expect.objectContaining({ code: "ERR_STORE_ENTRY_INVALID" })]);
    expect(decodeIdentity(bytes).map(({ digest }) => digest)).toEqual(
      [contents[0]!, contents[2]!].map((content) => digestBytes(content)).toSorted(),
    );
    files.set(`pack-${id}.ids`, bytes);
    expect((await verify(home)).map(({ code }) => code)).toEqual([
      "ERR_STORE_IDENTITY_MISSING",
      "ERR_STORE_ENTRY_INVALID",
      "ERR_STORE_PACK_CHECKSUM_MISMATCH",
    ]);
  });
});

describe("describePack", () => {
  it("tells files, sums and entries in the order of the file", async () => {
    await using packs = await createTemporaryPacks();
    const { id, size } = await writePack(packs.home, contents);
    const description = await describePack(packs.home, id);
    expect(description.problems).toEqual([]);
    expect(description.files).toEqual([
      { name: `pack-${id}.dat`, size },
      { name: `pack-${id}.ids`, size: 16 + 3 * 72 + 8 },
      { name: `pack-${id}.idx`, size: 3 * 32 },
    ]);
    expect(description.contents).toMatchObject({
      count: 3,
      identifiedCount: 3,
      contentBytes: 11 + 900 + 7,
      encodedBytes: size - 8 - 3 * 24,
    });
    expect(description.contents?.entries.map(({ digest }) => digest)).toEqual(
      contents.map((content) => digestBytes(content)),
    );
  });

  it("tells what it can of a pack that cannot be opened, and of one that is not there", async () => {
    await using packs = await createTemporaryPacks();
    const { id } = await writePack(packs.home, contents);
    await unlink(packPath(packs.home, id, "idx"));
    await writeFile(packPath(packs.home, id, "idx"), "?");
    expect(await describePack(packs.home, id)).toMatchObject({
      files: [{}, {}, { size: 1 }],
      problems: [{ code: "ERR_STORE_INDEX_INVALID" }],
    });
    expect(await describePack(packs.home, parsePackId("0".repeat(16)))).toEqual({
      id: "0".repeat(16),
      files: [],
      problems: [expect.objectContaining({ code: "ERR_STORE_PACK_NOT_FOUND" })],
    });
  });
});
