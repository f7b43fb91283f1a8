import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { nodeFs } from "@store/layout";
import { describe, expect, it } from "vitest";

import {
  createPackWriter,
  decodeIdentity,
  decodeIndex,
  encodeFrame,
  hashPackKey,
  openPack,
  openPackSet,
  type PackDirectory,
  parsePackId,
  parsePackKey,
  verifyPacks,
} from "../src/index.ts";
import {
  bytesOf,
  createTemporaryPacks,
  fromHex,
  hexOf,
  readFiles,
  textOf,
} from "./support/packs.ts";

// The vector of the format's description: two objects, their frames as lz4_flex writes them. The
// files beside it were written by this package once and are only ever read again.
const id = parsePackId("ae4787919c70d07d");
const golden: PackDirectory = { fs: nodeFs, dir: join(import.meta.dirname, "golden") };
const hello = {
  key: parsePackKey("c7b615cc75879ba90049873fe9098ddf"),
  frame: fromHex("04224d186040820b00008068656c6c6f20776f726c6400000000"),
};
const goodbye = {
  key: parsePackKey("9dedbaee4471fcb242a7dcb0c0df8f0e"),
  frame: fromHex("04224d1860408207000080676f6f6462796500000000"),
};

/** Packs of chkpt 0.3.0, by the ids it gave them. It writes a content again that is in already. */
const chkptPacks: readonly (readonly [string, readonly string[]])[] = [
  ["c991ee29a334fefd", ["*"]],
  ["4bf6876fef94b89d", [""]],
  ["d6ac75bdfd0a6590", ["hello world", "hello world", "*", "hello world"]],
];

describe("packs of chkpt", () => {
  it.each(chkptPacks)("are written again under the same id: %s", async (expected, texts) => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    for (const content of texts.map(bytesOf)) {
      await writer.addFrame(hashPackKey(content), encodeFrame(content));
    }
    const written = await writer.finish();
    expect(written).toMatchObject({ id: expected, count: texts.length });
    await using once = createPackWriter(packs.home);
    for (const content of texts.map(bytesOf)) await once.add(content);
    expect(once.count).toBe(new Set(texts).size);
  });
});

describe("the golden pack", () => {
  it("is what the writer makes of the same frames, byte for byte", async () => {
    await using packs = await createTemporaryPacks();
    await using writer = createPackWriter(packs.home);
    await writer.addFrame(hello.key, hello.frame);
    await writer.addFrame(goodbye.key, goodbye.frame);
    expect(await writer.finish()).toEqual({ id, count: 2, size: 104, existed: false });
    const [written, expected] = [await readFiles(packs.home.dir), await readFiles(golden.dir)];
    expect([...written.keys()]).toEqual([...expected.keys()]);
    for (const [name, bytes] of expected)
      expect(hexOf(written.get(name)!), name).toBe(hexOf(bytes));
  });

  it("has the bytes of the format's description", async () => {
    const files = await readFiles(golden.dir);
    expect(hexOf(files.get(`pack-${id}.dat`)!)).toBe(
      "43484b4c02000000" +
        "c7b615cc75879ba90049873fe9098ddf1a0000000000000004224d186040820b00008068656c6c6f20776f726c6400000000" +
        "9dedbaee4471fcb242a7dcb0c0df8f0e160000000000000004224d1860408207000080676f6f6462796500000000",
    );
    expect(hexOf(files.get(`pack-${id}.idx`)!)).toBe(
      "9dedbaee4471fcb242a7dcb0c0df8f0e3a000000000000001600000000000000" +
        "c7b615cc75879ba90049873fe9098ddf08000000000000001a00000000000000",
    );
    expect(hexOf(files.get(`pack-${id}.ids`)!)).toBe(
      "53504944010000000200000000000000" +
        "82e35a63ceba37e9646434c5dd412ea577147f1e4a41ccde1614253187e3dbf9" +
        "9dedbaee4471fcb242a7dcb0c0df8f0e" +
        "3a0000000000000016000000000000000700000000000000" +
        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9" +
        "c7b615cc75879ba90049873fe9098ddf" +
        "08000000000000001a000000000000000b00000000000000" +
        "dd2bb15c616a13fa",
    );
  });

  it("is read whole by key and by digest, and verifies", async () => {
    await using pack = await openPack(golden, id);
    expect(textOf(await pack.read(hello.key))).toBe("hello world");
    expect(textOf(await pack.read(goodbye.key))).toBe("goodbye");
    await using set = await openPackSet(golden);
    const read = [];
    for await (const digest of set.list()) {
      for await (const bytes of set.read(digest)) read.push(textOf(bytes));
    }
    expect(read).toEqual(["goodbye", "hello world"]);
    const findings = [];
    for await (const finding of verifyPacks(golden)) findings.push(finding);
    expect(findings).toEqual([]);
  });

  it("decodes to rows in the order of the files", async () => {
    const index = decodeIndex(await readFile(join(golden.dir, `pack-${id}.idx`)));
    expect(index).toEqual([
      { key: goodbye.key, offset: 58, encodedSize: 22 },
      { key: hello.key, offset: 8, encodedSize: 26 },
    ]);
    const identity = decodeIdentity(await readFile(join(golden.dir, `pack-${id}.ids`)));
    expect(identity.map(({ offset, size }) => [offset, size])).toEqual([
      [58, bytesOf("goodbye").length],
      [8, bytesOf("hello world").length],
    ]);
  });
});
