import { type Digest, digestFromHex } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { tableAnswerOf, tableProbes } from "../../test/probes/table-probes.ts";
import { fromHex, hexOf } from "../../test/support/packs.ts";
import { parsePackKey } from "../hash/pack-key.ts";
import { createNeedle } from "../bytes/digest-hash.ts";
import { finishNow } from "../loop/turns.ts";
import { decodeIdentity, encodeIdentity, openIdentityTable } from "./identity-table.ts";
import { decodeIndex, encodeIndex, openIndexTable } from "./index-table.ts";
import type { PackObject } from "./pack-entry.ts";

/** Objects that fill a data file, in the order of the file. Few keys and digests, so that they repeat. */
const objects: fc.Arbitrary<readonly PackObject[]> = fc
  .array(
    fc.record({
      content: fc.nat(20),
      encodedSize: fc.oneof(fc.nat(40), fc.nat(2 ** 31), fc.constant(2 ** 45)),
      size: fc.nat(2 ** 40),
    }),
    { maxLength: 40 },
  )
  .map((rows) => {
    let offset = 8;
    return rows.map(({ content, encodedSize, size }) => {
      const at = offset;
      offset += 24 + encodedSize;
      const digest = digestFromHex(content.toString(16).padStart(2, "0").repeat(32)) as Digest;
      const key = parsePackKey((content * 7).toString(16).padStart(2, "0").repeat(16));
      return { digest, key, offset: at, encodedSize, size };
    });
  });

describe("the tables of a pack", () => {
  for (const probe of tableProbes) {
    const verb = probe.expected === "right" ? "read" : `answer ${probe.expected} to`;
    it(`${verb} ${probe.name}`, () => {
      expect(tableAnswerOf({ decodeIndex, decodeIdentity }, probe)).toBe(probe.expected);
    });
  }

  it("come back as they were, sorted, and the same bytes whatever the order was", () => {
    fc.assert(
      fc.property(objects, (all) => {
        const entries = all.map(({ key, offset, encodedSize }) => ({ key, offset, encodedSize }));
        const index = encodeIndex(entries);
        expect(hexOf(encodeIndex(entries.toReversed()))).toBe(hexOf(index));
        const decoded = decodeIndex(index);
        expect(decoded.toSorted((a, b) => a.offset - b.offset)).toEqual(entries);
        expect(decoded.map(({ key }) => key)).toEqual(entries.map(({ key }) => key).toSorted());

        const identity = encodeIdentity(all);
        expect(hexOf(encodeIdentity(all.toReversed()))).toBe(hexOf(identity));
        const named = decodeIdentity(identity);
        expect(named.toSorted((a, b) => a.offset - b.offset)).toEqual(all);
        expect(named.map(({ digest }) => digest)).toEqual(
          all.map(({ digest }) => digest).toSorted(),
        );
      }),
    );
  });

  it("find the rows of a key, and the first row of a digest", () => {
    fc.assert(
      fc.property(objects, (all) => {
        const index = finishNow(openIndexTable(encodeIndex(all)));
        const identity = finishNow(openIdentityTable(encodeIdentity(all)));
        for (let content = 0; content <= 21; content++) {
          const digest = digestFromHex(content.toString(16).padStart(2, "0").repeat(32)) as Digest;
          const key = parsePackKey((content * 7).toString(16).padStart(2, "0").repeat(16));
          const { start, end } = index.rowsOf(fromHex(key));
          const found = Array.from({ length: end - start }, (_, at) => index.entryAt(start + at));
          const expected = all.filter((object) => object.key === key);
          expect(found.map(({ offset }) => offset)).toEqual(expected.map(({ offset }) => offset));
          const row = identity.rowOf(createNeedle(digest));
          const first = all.find((object) => object.digest === digest);
          expect(row === undefined ? undefined : identity.objectAt(row)).toEqual(first);
        }
      }),
    );
  });

  it("find the digests that start with a byte, the last one too", () => {
    const all = [0, 1, 1, 254, 255].map((byte, at) => ({
      digest: digestFromHex(byte.toString(16).padStart(2, "0").repeat(32)) as Digest,
      key: parsePackKey("0".repeat(32)),
      offset: 8 + at * 30,
      encodedSize: 6,
      size: 1,
    }));
    const identity = finishNow(openIdentityTable(encodeIdentity(all)));
    const counts = Array.from({ length: 256 }, (_, byte) => {
      const { start, end } = identity.rowsFrom(byte);
      return end - start;
    });
    expect(counts.flatMap((count, byte) => (count === 0 ? [] : [[byte, count]]))).toEqual([
      [0, 1],
      [1, 2],
      [254, 1],
      [255, 1],
    ]);
  });
});
