import { type ByteSource, streamOf } from "../byte-source.ts";
import type { Digest } from "../digest/digest.ts";
import { digestBytes } from "../digest/digester.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { heldIngest } from "../ingest/held-ingest.ts";
import {
  createMemoryPartial,
  type MemoryPartial,
  openMemoryIngest,
} from "../ingest/memory-ingest.ts";
import type { BlobInfo } from "./blob-reader.ts";
import type { BlobStore, Trashed } from "./blob-store.ts";
import { blobNotFound, digestMismatch, sizeMismatch, sourceTooLong } from "./blob-errors.ts";

interface Held {
  readonly bytes: Uint8Array;
  readonly addedAtMs: number;
}

/** A store that ends with the process: for tests, and for tools that build models in memory. */
export function createMemoryBlobStore(options: { readonly now?: () => number } = {}): BlobStore {
  const now = options.now ?? Date.now;
  const blobs = new Map<Digest, Held>();
  const released = new Set<Digest>();
  const trashed = new Map<string, { digest: Digest; held: Held }>();
  const partials = new Map<string, MemoryPartial>();

  function describe(digest: Digest, held: Held): BlobInfo {
    return {
      digest,
      size: held.bytes.length,
      addedAtMs: held.addedAtMs,
      verified: true,
      released: released.has(digest),
      where: "loose",
    };
  }
  function find(digest: Digest): Held | undefined {
    const held = blobs.get(digest);
    if (held !== undefined) return held;
    for (const [key, trash] of trashed) {
      if (trash.digest !== digest) continue;
      trashed.delete(key);
      blobs.set(digest, trash.held);
      return trash.held;
    }
    return undefined;
  }
  function keep(bytes: Uint8Array): BlobInfo {
    const digest = digestBytes(bytes);
    const held = find(digest) ?? { bytes, addedAtMs: now() };
    blobs.set(digest, held);
    return describe(digest, held);
  }
  function trashOf(key: string, digest: Digest, held: Held): Trashed {
    return {
      digest,
      size: held.bytes.length,
      async restore() {
        if (trashed.delete(key) && !blobs.has(digest)) blobs.set(digest, held);
      },
      async destroy() {
        trashed.delete(key);
        return !blobs.has(digest);
      },
    };
  }

  const store: BlobStore = {
    async stat(digest) {
      const held = find(digest);
      return held === undefined ? undefined : describe(digest, held);
    },
    async locate() {
      return undefined;
    },
    async *read(digest, range = {}) {
      const { start = 0, end = Number.POSITIVE_INFINITY, signal } = range;
      if (!(start >= 0) || end < start) throw new RangeError(`not a range: ${start} to ${end}`);
      signal?.throwIfAborted();
      const held = find(digest);
      if (held === undefined) throw blobNotFound(digest);
      const piece = held.bytes.slice(start, Math.min(end, held.bytes.length));
      if (piece.length > 0) yield piece;
    },
    async *list() {
      const digests = new Set([
        ...blobs.keys(),
        ...[...trashed.values()].map(({ digest }) => digest),
      ]);
      yield* [...digests].toSorted();
    },
    async ingest(target, { resume = true } = {}) {
      const held = target.digest === undefined ? undefined : find(target.digest);
      if (held !== undefined) return heldIngest(describe(digestBytes(held.bytes), held));
      const key = target.digest ?? target.key;
      const earlier = key === undefined ? undefined : partials.get(key);
      const restarted =
        earlier !== undefined &&
        target.digest === undefined &&
        earlier.validator !== target.validator;
      const fits =
        resume &&
        earlier !== undefined &&
        !restarted &&
        (earlier.size === undefined || target.size === undefined || earlier.size === target.size);
      const partial = fits ? earlier : createMemoryPartial(target);
      if (key !== undefined) partials.set(key, partial);
      return openMemoryIngest(
        { ...target, size: target.size ?? partial.size },
        partial,
        restarted,
        {
          keep,
          drop: () => {
            if (key !== undefined) partials.delete(key);
          },
        },
      );
    },
    async put(expected, source, putOptions = {}) {
      const held = find(expected.digest);
      if (held !== undefined) return describe(expected.digest, held);
      const bytes = await collect(source, { ...putOptions, size: expected.size });
      const actual = digestBytes(bytes);
      if (actual !== expected.digest) throw digestMismatch(expected.digest, actual, undefined);
      return keep(bytes);
    },
    add: async (source, addOptions = {}) => keep(await collect(source, addOptions)),
    async adopt(path, adoptOptions = {}) {
      const file = await nodeFs.open(await nodeFs.realpath(path), "read");
      try {
        const bytes = new Uint8Array((await file.stat()).size);
        const count = await file.read(bytes, 0);
        const actual = digestBytes(bytes.subarray(0, count));
        const { expected } = adoptOptions;
        if (expected !== undefined && expected !== actual)
          throw digestMismatch(expected, actual, undefined);
        return keep(bytes.subarray(0, count));
      } finally {
        await file.close();
      }
    },
    ensureVerified: (digest, statOptions) => store.stat(digest, statOptions),
    async release(digests) {
      for (const digest of digests) released.add(digest);
    },
    async retain(digests) {
      for (const digest of digests) released.delete(digest);
    },
    announceTrash: () => Promise.resolve({ withdraw: () => Promise.resolve() }),
    async trash(digest, sweep) {
      const held = blobs.get(digest);
      if (held === undefined) return undefined;
      const key = `${digest} ${sweep}`;
      blobs.delete(digest);
      trashed.set(key, { digest, held });
      return trashOf(key, digest, held);
    },
    async *listTrash() {
      for (const [key, { digest, held }] of trashed) yield trashOf(key, digest, held);
    },
  };
  return store;
}

async function collect(
  source: ByteSource,
  options: { readonly size?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let taken = 0;
  for await (const chunk of streamOf(source)) {
    options.signal?.throwIfAborted();
    taken += chunk.length;
    if (taken > (options.size ?? taken)) throw sourceTooLong(options.size ?? 0);
    chunks.push(chunk.slice());
  }
  options.signal?.throwIfAborted();
  if (taken !== (options.size ?? taken)) throw sizeMismatch(options.size ?? 0, taken, undefined);
  return Buffer.concat(chunks);
}
