import { sizeMismatch, digestMismatch, sourceTooLong } from "../blobs/blob-errors.ts";
import type { BlobInfo } from "../blobs/blob-reader.ts";
import type { Ingest, IngestTarget } from "../blobs/blob-store.ts";
import { digestBytes } from "../digest/digester.ts";
import { createRangeSet, type RangeSet } from "./range-set.ts";

export interface MemoryPartial {
  bytes: Uint8Array;
  readonly covered: RangeSet;
  readonly size: number | undefined;
  readonly validator: string | undefined;
}

export function createMemoryPartial({ size, validator }: IngestTarget): MemoryPartial {
  return { bytes: new Uint8Array(size ?? 0), covered: createRangeSet(), size, validator };
}

export function openMemoryIngest(
  target: IngestTarget,
  partial: MemoryPartial,
  restarted: boolean,
  store: { keep(bytes: Uint8Array): BlobInfo; drop(): void },
): Ingest {
  const { covered } = partial;
  const { digest, size } = target;
  let open = true;
  let hashed = 0;
  const mustBeOpen = (): void => {
    if (!open) throw new TypeError("the ingest is closed");
  };
  const reached = (): number => covered.ranges.at(-1)?.end ?? 0;
  return {
    size,
    restarted,
    missing() {
      if (size !== undefined) return covered.missing({ start: 0, end: size });
      const end = reached();
      return [...covered.missing({ start: 0, end }), { start: end, end: Number.POSITIVE_INFINITY }];
    },
    async writeAt(offset, chunk) {
      mustBeOpen();
      if (!Number.isSafeInteger(offset) || offset < 0)
        throw new RangeError(`not an offset: ${offset}`);
      const end = offset + chunk.length;
      if (size !== undefined && end > size) throw sourceTooLong(size, digest);
      if (end > partial.bytes.length) {
        const grown = new Uint8Array(Math.max(end, partial.bytes.length * 2));
        grown.set(partial.bytes);
        partial.bytes = grown;
      }
      for (const gap of covered.missing({ start: offset, end })) {
        partial.bytes.set(chunk.subarray(gap.start - offset, gap.end - offset), gap.start);
        covered.add(gap);
      }
    },
    hashedBytes: () => hashed,
    async checkpoint() {
      mustBeOpen();
    },
    async commit(options) {
      mustBeOpen();
      options?.signal?.throwIfAborted();
      const total = size ?? reached();
      if (covered.missing({ start: 0, end: total }).length > 0) {
        throw sizeMismatch(total, covered.count(), digest);
      }
      const bytes = partial.bytes.slice(0, total);
      const actual = digestBytes(bytes);
      hashed = total;
      open = false;
      store.drop();
      if (digest !== undefined && digest !== actual)
        throw digestMismatch(digest, actual, undefined);
      return store.keep(bytes);
    },
    async discard() {
      if (!open) return;
      open = false;
      store.drop();
    },
    async [Symbol.asyncDispose]() {
      open = false;
    },
  };
}
