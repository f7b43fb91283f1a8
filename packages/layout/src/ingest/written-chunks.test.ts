import fc from "fast-check";
import { expect, it } from "vitest";

import { formatXxh64, loadXxh64 } from "../checksum/xxh64.ts";
import { CHUNK_BYTES } from "../sidecars/chunk-map.ts";
import { createContent } from "../testing/content.ts";
import { createWrittenChunks } from "./written-chunks.ts";

const xxh64 = await loadXxh64();
const content = createContent(2 * CHUNK_BYTES + 12_345, 17);

function sumOf(start: number, end: number): bigint {
  const sum = xxh64.create();
  sum.update(content.subarray(start, end));
  return sum.value();
}

const cuts = fc
  .uniqueArray(
    fc.oneof(
      fc.nat(content.length),
      fc.constantFrom(CHUNK_BYTES, CHUNK_BYTES / 2, 2 * CHUNK_BYTES),
    ),
    { maxLength: 6 },
  )
  .map((points) => [...new Set([0, ...points, content.length])].sort((a, b) => a - b));

it("records what was written, each sum that of its bytes, whenever it is asked", () => {
  fc.assert(
    fc.property(cuts, fc.array(fc.boolean()), fc.boolean(), (points, asks, backwards) => {
      const written = createWrittenChunks(xxh64);
      const pieces = points.slice(1).map((end, index) => ({ start: points[index] ?? 0, end }));
      const records = (backwards ? pieces.toReversed() : pieces).flatMap(
        ({ start, end }, index) => {
          written.add(start, content.subarray(start, end));
          return asks[index] === true ? written.take() : [];
        },
      );
      records.push(...written.take());
      expect(written.bytes).toBe(0);
      const covered = new Set<number>();
      for (const { start, end, sum } of records) {
        expect(sum).toBe(formatXxh64(sumOf(start, end)));
        for (const point of points) if (start <= point && point < end) covered.add(point);
      }
      expect(covered.size).toBe(points.length - 1);
    }),
    { numRuns: 30 },
  );
});

it("knows the sum of a chunk that was written in order, also across a record", () => {
  const written = createWrittenChunks(xxh64);
  written.add(0, content.subarray(0, 1_000_000));
  written.take();
  written.add(2 * CHUNK_BYTES, content.subarray(2 * CHUNK_BYTES));
  written.add(1_000_000, content.subarray(1_000_000, CHUNK_BYTES + 5));
  expect(written.sumOf(0, CHUNK_BYTES)).toBe(sumOf(0, CHUNK_BYTES));
  expect(written.sumOf(CHUNK_BYTES, 2 * CHUNK_BYTES)).toBeUndefined();
  expect(written.sumOf(2 * CHUNK_BYTES, content.length)).toBe(
    sumOf(2 * CHUNK_BYTES, content.length),
  );
});
