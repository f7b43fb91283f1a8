import {
  type AbortOptions,
  type BlobInfo,
  type BlobLocation,
  type Digest,
  isStoreError,
} from "@store/layout";

import type { OpenedPack } from "../chkl/create-pack-reader.ts";
import { blobNotFound, objectNotFound } from "../chkl/not-found.ts";
import type { OpenPackOptions } from "../chkl/open-pack.ts";
import { packDirectoryOf, type PackHome } from "../chkl/pack-home.ts";
import { createSerialQueue } from "../chkl/serial-queue.ts";
import { turns } from "../loop/turns.ts";
import type { Place } from "./identified-packs.ts";
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

  /** Every pack that holds a digest, in order, and its first row with it. */
  function placesOf(digest: Digest): readonly Place[] {
    checkOpen();
    return shelf.placesOf(digest);
  }

  /** The first pack that holds a digest and still exists. */
  async function findPacked(digest: Digest): Promise<Place | undefined> {
    let failure: unknown;
    for (const place of placesOf(digest)) {
      try {
        // INV-4: a publisher's last look must not be told of a pack that a sweep has taken away.
        if (await shelf.exists(place.pack.id)) return place;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /**
   * A small object that is whole in the first place, without waiting: for these a promise costs as
   * much as what it promises. Anything else is for {@link readFirst}.
   */
  function readNow(place: Place | undefined, digest: Digest): Uint8Array | undefined {
    try {
      return place?.pack.readRowNow(place.row, digest);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return undefined;
    }
  }

  /** What the first place can give; a damaged copy does not hide a good one. */
  async function readFirst<T extends { readonly pack: OpenedPack }>(
    places: Iterable<T>,
    read: (place: T) => Promise<Uint8Array>,
    absent: () => Error,
  ): Promise<Uint8Array> {
    let damage: unknown;
    for (const place of places) {
      // A refresh may have closed it while another pack was read.
      if (damage !== undefined && !shelf.readers().includes(place.pack)) continue;
      try {
        return await read(place);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        damage ??= error;
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
      const { addedAtMs, identity } = found.pack;
      const size = identity.sizeAt(found.row);
      const released = (await directory.isReleased?.(digest)) ?? false;
      return { digest, size, addedAtMs, verified: true, released, where: "packed" };
    },
    async locate(digest, { signal } = {}): Promise<BlobLocation | undefined> {
      signal?.throwIfAborted();
      const found = await findPacked(digest);
      if (found === undefined) return undefined;
      return { kind: "pack", pack: found.pack.id, offset: found.pack.identity.offsetAt(found.row) };
    },
    async *read(digest, { start = 0, end = Infinity, signal } = {}) {
      if (!(start >= 0) || !(end >= start)) throw new RangeError(`not a range: ${start} to ${end}`);
      signal?.throwIfAborted();
      const places = placesOf(digest);
      const content =
        readNow(places[0], digest) ??
        (await readFirst(
          places,
          ({ pack, row }) => pack.readRow(row, digest, { signal }),
          () => blobNotFound(digest),
        ));
      if (turns.isOver()) await turns.pause();
      const isWhole = start === 0 && end >= content.length;
      const piece = isWhole ? content : content.subarray(start, Math.min(end, content.length));
      if (piece.length > 0) yield piece;
    },
    async *list(listOptions) {
      await refresh(listOptions);
      yield* listDigests(shelf.readers(), listOptions);
    },
    find(digest) {
      const [place] = placesOf(digest);
      if (place === undefined) return undefined;
      return { ...place.pack.identity.objectAt(place.row), pack: place.pack.id };
    },
    async readKey(key, readOptions) {
      checkOpen();
      return await readFirst(
        shelf
          .readers()
          .filter((pack) => pack.find(key) !== undefined)
          .map((pack) => ({ pack })),
        ({ pack }) => pack.read(key, readOptions),
        () => objectNotFound(key),
      );
    },
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
