import { type Digest, digestFromHex } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createNeedle } from "../bytes/digest-hash.ts";
import { encodeIdentity, openIdentityTable } from "../chkl/identity-table.ts";
import { parsePackKey } from "../hash/pack-key.ts";
import { finishNow } from "../loop/turns.ts";
import { createDigestMap } from "./digest-map.ts";

const digestOf = (content: number): Digest =>
  digestFromHex(content.toString(16).padStart(64, "0")) as Digest;

/** A sidecar of contents, each given by a number. */
function tableOf(contents: readonly number[]): ReturnType<typeof openTable> {
  return openTable(
    contents.map((content, at) => ({
      digest: digestOf(content),
      key: parsePackKey("0".repeat(32)),
      offset: 8 + at * 30,
      encodedSize: 6,
      size: 1,
    })),
  );
}

const openTable = (objects: Parameters<typeof encodeIdentity>[0]) =>
  finishNow(openIdentityTable(encodeIdentity(objects)));

describe("a map of digests", () => {
  it("names the first row of a digest in each sidecar that has it, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(30), { maxLength: 40 }), { maxLength: 6 }), (packs) => {
        const tables = packs.map(tableOf);
        const map = finishNow(createDigestMap(tables));
        for (let content = 0; content <= 31; content++) {
          const needle = createNeedle(digestOf(content));
          const expected = tables.flatMap((table, index) => {
            const row = table.rowOf(needle);
            return row === undefined ? [] : { table: index, row };
          });
          expect(map.placesOf(needle)).toEqual(expected);
        }
      }),
    );
  });

  it("is made in no time of a sidecar that names one content over and over", () => {
    const rows = 200_000;
    const table = tableOf(Array.from({ length: rows }, () => 7));
    let slices = 0;
    for (const _ of createDigestMap([table])) slices += 1;
    expect(slices).toBe(Math.floor(rows / 8192));
    const map = finishNow(createDigestMap([table, tableOf([7, 8])]));
    expect(map.placesOf(createNeedle(digestOf(7)))).toEqual([
      { table: 0, row: 0 },
      { table: 1, row: 0 },
    ]);
  });
});
