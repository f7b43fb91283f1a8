import {
  type AbortOptions,
  type BlobInfo,
  type BlobLocation,
  type Digest,
  isStoreError,
} from "@store/layout";

import { createNeedle, mayHold, type Needle } from "../bytes/digest-filter.ts";
import type { OpenedPack } from "../chkl/create-pack-reader.ts";
import { blobNotFound, objectNotFound } from "../chkl/not-found.ts";
import type { OpenPackOptions } from "../chkl/open-pack.ts";
import type { PackObject } from "../chkl/pack-entry.ts";
import { packDirectoryOf, type PackHome } from "../chkl/pack-home.ts";
import type { PackReader } from "../chkl/pack-reader.ts";
import { createSerialQueue } from "../chkl/serial-queue.ts";
import { listDigests } from "./list-digests.ts";
import type { PackSet } from "./pack-set.ts";
import { createPackShelf } from "./pack-shelf.ts";

/**
 * Opens every pack of a directory that can be opened. A directory that does not exist holds none.
 *
 * @throws StoreError for a directory that cannot be read; never for a pack
 */
export async function openPackSet(home: PackHome, options: OpenPackOptions = {}): Promise<PackSet> {
  const { signal: openSignal, ...limits } = options;
  const directory = packDirectoryOf(home);
  const shelf = createPackShelf(directory, limits);
  const queue = createSerialQueue();
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new TypeError("the pack set is closed");
  }

  function refresh(refreshOptions?: AbortOptions): Promise<void> {
    return queue.run(async () => {
      checkOpen();
      await shelf.refresh(refreshOptions);
    });
  }

  /** Packs that may hold a digest, by their filters alone. */
  function* candidates(needle: Needle): Generator<OpenedPack> {
    for (const pack of shelf.readers()) {
      if (pack.filter !== undefined && mayHold(pack.filter, needle)) yield pack;
    }
  }

  /** The first pack that holds a digest and still exists. */
  async function findPacked(
    digest: Digest,
  ): Promise<{ readonly pack: PackReader; readonly object: PackObject } | undefined> {
    checkOpen();
    let failure: unknown;
    const needle = createNeedle(digest);
    for (const pack of candidates(needle)) {
      const object = pack.findNeedle(needle);
      if (object === undefined) continue;
      try {
        // INV-4: a publisher's last look must not be told of a pack that a sweep has taken away.
        if (await shelf.exists(pack.id)) return { pack, object };
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /** What the first pack can give that should have it; a damaged copy does not hide a good one. */
  async function readFirst<T>(
    packs: Iterable<OpenedPack>,
    find: (pack: OpenedPack) => T | undefined,
    readFrom: (pack: OpenedPack, found: T) => Promise<Uint8Array>,
    absent: () => Error,
  ): Promise<Uint8Array> {
    checkOpen();
    let damage: unknown;
    let isFirst = true;
    for (const pack of packs) {
      const found = find(pack);
      // A refresh may have closed it while another pack was read.
      if (found === undefined || !(isFirst || shelf.readers().includes(pack))) continue;
      try {
        return await readFrom(pack, found);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        damage ??= error;
        isFirst = false;
      }
    }
    throw damage ?? absent();
  }

  await shelf.refresh({ signal: openSignal });
  return {
    async stat(digest, { signal } = {}): Promise<BlobInfo | undefined> {
      signal?.throwIfAborted();
      const found = await findPacked(digest);
      if (found === undefined) return undefined;
      const { size } = found.object;
      const { addedAtMs } = found.pack;
      const released = (await directory.isReleased?.(digest)) ?? false;
      return { digest, size, addedAtMs, verified: true, released, where: "packed" };
    },
    async locate(digest, { signal } = {}): Promise<BlobLocation | undefined> {
      signal?.throwIfAborted();
      const found = await findPacked(digest);
      if (found === undefined) return undefined;
      return { kind: "pack", pack: found.pack.id, offset: found.object.offset };
    },
    async *read(digest, { start = 0, end = Infinity, signal } = {}) {
      if (!(start >= 0) || !(end >= start)) throw new RangeError(`not a range: ${start} to ${end}`);
      const needle = createNeedle(digest);
      const content = await readFirst(
        candidates(needle),
        (pack) => pack.findNeedle(needle),
        (pack, object) => pack.readObject(object, { signal }),
        () => blobNotFound(digest),
      );
      const piece = content.subarray(start, Math.min(end, content.length));
      if (piece.length > 0) yield piece;
    },
    async *list(listOptions) {
      await refresh(listOptions);
      yield* listDigests(shelf.readers(), listOptions);
    },
    find(digest) {
      checkOpen();
      const needle = createNeedle(digest);
      for (const pack of candidates(needle)) {
        const object = pack.findNeedle(needle);
        if (object !== undefined) return { ...object, pack: pack.id };
      }
      return undefined;
    },
    readKey: (key, readOptions) =>
      readFirst(
        shelf.readers(),
        (pack) => pack.find(key),
        (pack) => pack.read(key, readOptions),
        () => objectNotFound(key),
      ),
    refresh,
    packs: () => shelf.readers(),
    problems: () => shelf.problems(),
    [Symbol.asyncDispose]: () =>
      queue.run(async () => {
        closed = true;
        await shelf.close();
      }),
  };
}
