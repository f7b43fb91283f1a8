import { join } from "node:path";

import { digestBytes } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { hashPackKey } from "../src/index.ts";
import { xxh32, xxh64 } from "../src/hash/xxh.ts";
import { createTemporaryPacks, writePack } from "./support/packs.ts";
import { createRandom, createSample, words } from "./support/random.ts";
import { findPython, runTool, titled } from "./support/tools.ts";

const python = findPython(
  "import xxhash, lz4.frame; xxhash.xxh3_128",
  "python3-xxhash and python3-lz4 are not installed",
);
const command = python.command ?? "";

describe("an independent reader", () => {
  it.skipIf(python.command === undefined)(
    titled("reads the packs we write by the description of the format alone", python),
    async () => {
      const random = createRandom(11);
      const contents = [
        new Uint8Array(),
        ...Array.from({ length: 300 }, () => createSample(random, 4000)),
        words(random, 300_000),
        createContent(3_000_000, 1),
        words(random, 4 * 1024 * 1024),
      ];
      await using packs = await createTemporaryPacks();
      const { id } = await writePack(packs.home, contents);
      const script = join(import.meta.dirname, "support", "read-packs.py");
      const output = runTool(command, [script, packs.home.dir, id], new Uint8Array());
      const expected = contents.map((content) => {
        const digest = digestBytes(content).slice("sha256:".length);
        return `${digest} ${hashPackKey(content)} ${content.length}`;
      });
      // Samples may come twice; a pack has each content once.
      expect(output.toString("utf8").trim().split("\n")).toEqual([...new Set(expected)]);
    },
  );

  it.skipIf(python.command === undefined)(
    titled(
      "computes the checksums we compute, at every length where the algorithms change",
      python,
    ),
    () => {
      const lengths = [...Array(530).keys(), 1023, 1024, 1025, 65_535, 65_536, 65_537, 300_001];
      const content = createContent(300_001, 3);
      const program = [
        "import sys, xxhash",
        "data = sys.stdin.buffer.read()",
        `for n in ${JSON.stringify(lengths)}:`,
        "    d = data[:n]",
        "    print(xxhash.xxh32(d).intdigest(), xxhash.xxh64(d).intdigest(), xxhash.xxh3_128(d).digest()[::-1].hex())",
      ].join("\n");
      const output = runTool(command, ["-c", program], content).toString("utf8");
      const ours = lengths.map((length) => {
        const bytes = content.subarray(0, length);
        return `${xxh32(bytes)} ${xxh64(bytes)} ${hashPackKey(bytes)}`;
      });
      expect(output.trim().split("\n")).toEqual(ours);
    },
  );
});
