import { join } from "node:path";

import { type Mutant, plantMutant } from "@store/testing/mutants";
import { describe, expect, it } from "vitest";

import * as pack from "../src/index.ts";
import { failedEndings } from "./probes/ending-probe.ts";
import { failedFrameProbes } from "./probes/frame-probes.ts";
import { failedPackProbes } from "./probes/pack-probes.ts";
import { failedTableProbes } from "./probes/table-probes.ts";

// Mistakes planted one at a time in a copy of the sources: the probes, which the other tests use as
// well, must find each of them. A probe that finds nothing wrong with a mutant tests nothing.

type Api = typeof pack;
type Suite = "frames" | "endings" | "tables" | "packs";

const suites: Readonly<
  Record<Suite, (api: Api) => Promise<readonly string[]> | readonly string[]>
> = {
  frames: (api) => failedFrameProbes(api.decodeFrame),
  endings: (api) => failedEndings(api.encodeFrame),
  tables: (api) => failedTableProbes(api),
  packs: (api) => failedPackProbes(api),
};

interface ProbedMutant extends Mutant {
  readonly suite: Suite;
}

const mutant = (suite: Suite, bug: string, file: string, from: string, to = ""): ProbedMutant => ({
  suite,
  bug,
  file,
  from,
  to,
});

const decoder = "lz4/block-decoder.ts";
const frame = "lz4/frame-decoder.ts";
const scan = "lz4/frame-scan.ts";
const header = "lz4/frame-header.ts";
const index = "chkl/index-table.ts";
const identity = "chkl/identity-table.ts";
const entry = "chkl/decode-entry.ts";

const mutants: readonly ProbedMutant[] = [
  mutant(
    "frames",
    "matches may reach before the start",
    decoder,
    "offset === 0 || offset > at - floor",
    "offset === 0",
  ),
  mutant("frames", "matches may have the offset 0", decoder, "offset === 0 || ", ""),
  mutant(
    "frames",
    "literals may go beyond the block",
    decoder,
    'if (literals > end - from) throw frameInvalid("literals", from);',
  ),
  mutant(
    "frames",
    "literals may go beyond the output",
    decoder,
    "if (literals > limit - at) throw frameInvalid(output.overrun, from);",
  ),
  mutant(
    "frames",
    "a block may end with a match",
    decoder,
    'for (;;) {\n    if (from >= end) throw frameInvalid("truncated", from);',
    "for (;;) {\n    if (from >= end) break;",
  ),
  mutant(
    "frames",
    "independent blocks share their history",
    frame,
    "header.linked ? start : output.at",
    "start",
  ),
  mutant(
    "frames",
    "linked blocks reach into the frame before",
    frame,
    "header.linked ? start : output.at",
    "header.linked ? 0 : output.at",
  ),
  mutant(
    "frames",
    "content checksums are not looked at",
    frame,
    "checksum !== readU32(bytes, at)",
    "false",
  ),
  mutant(
    "frames",
    "block checksums are not looked at",
    frame,
    "header.blockChecksums && xxh32",
    "false && xxh32",
  ),
  mutant(
    "frames",
    "block checksums are taken for data",
    frame,
    "at = header.blockChecksums ? end + 4 : end;",
    "at = end;",
  ),
  mutant(
    "frames",
    "the expected size is not looked at",
    frame,
    "exactSize !== undefined && output.at !== exactSize",
    "false",
  ),
  mutant(
    "frames",
    "blocks may decode to more than their size",
    frame,
    "Math.min(blockEnd, contentEnd)",
    "contentEnd",
  ),
  mutant(
    "frames",
    "a missing end mark is an end",
    scan,
    'for (;;) {\n    if (bytes.length - at < 4) throw frameInvalid("truncated", bytes.length);',
    "for (;;) {\n    if (bytes.length - at < 4) break;",
  ),
  mutant(
    "frames",
    "what follows the first frame is ignored",
    scan,
    "while (at < bytes.length)",
    "while (false)",
  ),
  mutant(
    "frames",
    "blocks may be larger than the frame allows",
    scan,
    "if (size > header.blockBytesMax)",
    "if (false)",
  ),
  mutant(
    "frames",
    "header checksums are not looked at",
    header,
    "bytes[checksumAt] !== checksum",
    "false",
  ),
  mutant(
    "frames",
    "reserved bits are not looked at",
    header,
    "(flags & FLG_RESERVED) !== 0 || (block & BD_RESERVED) !== 0",
    "false",
  ),
  mutant(
    "frames",
    "dictionaries are not looked at",
    header,
    "(flags & FLG_DICTIONARY) !== 0) throw",
    "false) throw",
  ),
  mutant(
    "endings",
    "the last match may start 8 bytes before the end",
    "lz4/block-ending.ts",
    "LAST_MATCH_BYTES_MIN = 12",
    "LAST_MATCH_BYTES_MIN = 8",
  ),
  mutant(
    "endings",
    "blocks are left as lz4js ends them",
    "lz4/block-encoder.ts",
    "endBlock(encoded, found, content)",
    "found",
  ),
  mutant("tables", "keys may come in any order", index, "yield* checkOrder(rows);"),
  mutant(
    "tables",
    "entries may overlap or leave gaps",
    index,
    "if (starts[row] !== expected)",
    "if (false)",
  ),
  mutant(
    "tables",
    "the sidecar's checksum is not looked at",
    identity,
    "(yield* xxh64Sliced(bytes.subarray(0, checksumAt))) !== view.getBigUint64(checksumAt, true)",
    "false",
  ),
  mutant(
    "tables",
    "the sidecar's rows may come in any order",
    identity,
    "order > 0 || (order === 0",
    "false || (order === 0",
  ),
  mutant(
    "tables",
    "the sidecar's version is not looked at",
    identity,
    "version > VERSION",
    "false",
  ),
  mutant(
    "packs",
    "the digest of a content is not looked at",
    entry,
    "if (identity !== undefined) checkDigest(digestBytes(content), identity.digest, place);",
  ),
  mutant(
    "packs",
    "the digest of a content is not looked at in slices",
    entry,
    "if (identity !== undefined) checkDigest(yield* digestSliced(content), identity.digest, place);",
  ),
  mutant(
    "packs",
    "the key of a content is not looked at",
    entry,
    "if (key !== undefined) checkKey(hashPackKey(content), key, place);",
  ),
  mutant(
    "packs",
    "the key of a content is not looked at in slices",
    entry,
    "if (key !== undefined) checkKey(yield* hashPackKeySliced(content), key, place);",
  ),
  mutant(
    "packs",
    "the header of an entry is not looked at",
    "chkl/read-entry.ts",
    "!isEntryHeader(bytes, key, encodedSize)",
    "false",
  ),
  mutant(
    "packs",
    "a frame's key is believed",
    "chkl/create-pack-writer.ts",
    'checkClaim("key", key, actual.key);',
  ),
  mutant(
    "packs",
    "one content is packed twice",
    "chkl/create-pack-writer.ts",
    'if (present !== undefined) return { status: "present", object: present };',
  ),
  mutant(
    "packs",
    "a sidecar may name entries that are not there",
    "chkl/match-identity.ts",
    "found === undefined ||\n      rows[found] !== -1",
    "found === undefined) continue;\n    if (\n      rows[found] !== -1",
  ),
  mutant(
    "packs",
    "the index comes before the sidecar",
    "chkl/publish-pack.ts",
    '    await publishDocument(directory, id, "ids", identity, isSameBytes);\n    await nameAgain();',
    '    await publishDocument(directory, id, "idx", index, isSameIndex);\n    await publishDocument(directory, id, "ids", identity, isSameBytes);\n    await nameAgain();',
  ),
  mutant(
    "packs",
    "the data file gets its name before it is synced",
    "chkl/pack-file-writer.ts",
    "await file.sync();",
  ),
  mutant(
    "packs",
    "the name is not compared with the bytes",
    "verify/check-name.ts",
    "if (actual === pack) return;",
    "if (actual.length === 16) return;",
  ),
];

const root = join(import.meta.dirname, "..");
describe("the probes", () => {
  for (const suite of Object.keys(suites) as Suite[]) {
    it(`find nothing wrong with ${suite} as they are`, async () => {
      expect(await suites[suite](pack)).toEqual([]);
    });
  }

  it.each(mutants)("find out that $bug ($suite)", async (planted) => {
    const api = await plantMutant<Api>(root, planted);
    expect(await suites[planted.suite](api)).not.toEqual([]);
  });
});
