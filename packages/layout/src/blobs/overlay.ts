import { isStoreError, type StoreError } from "../errors/store-error.ts";
import type { AbortOptions } from "../abort-options.ts";
import type { Digest } from "../digest/digest.ts";
import { blobNotFound } from "./blob-errors.ts";
import type { BlobInfo, BlobReader } from "./blob-reader.ts";
import type { BlobStore } from "./blob-store.ts";

/** Packed objects of the same store. A set learns of new packs when it is told to. */
export interface PackedBlobs extends BlobReader {
  refresh(options?: AbortOptions): Promise<void>;
}

export interface OverlayParts {
  /** Where new blobs go, and where loose ones are. */
  readonly writable: BlobStore;
  readonly packs?: PackedBlobs | undefined;
  /** Other roots, asked last: a site's shared store. */
  readonly readOnly?: readonly BlobReader[] | undefined;
}

/** How often a blob may move between being found and being asked for. */
const MOVES_MAX = 100;

interface Holder {
  readonly reader: BlobReader;
  readonly info: BlobInfo;
}

/**
 * Several places of blobs as one.
 *
 * While a blob moves between a pack and its loose file it is in one of the two at every instant,
 * but not always in the same one, so a reader asks: known packs, loose, packs anew, loose anew, and
 * only then says absent.
 */
export function overlay(parts: OverlayParts): BlobStore {
  const { writable, packs, readOnly = [] } = parts;

  /**
   * The first reader that has the blob. Damage in one place does not hide a good copy in another;
   * where there is none, the damage is the answer, never "absent".
   */
  async function find(digest: Digest, options?: AbortOptions): Promise<Holder | undefined> {
    const damages: StoreError[] = [];
    const here = packs === undefined ? [writable] : [packs, writable];
    const found = await firstThatHas(here, digest, damages, options);
    if (found !== undefined) return found;
    if (packs !== undefined) {
      await packs.refresh(options);
      const moved = await firstThatHas(here, digest, damages, options);
      if (moved !== undefined) return moved;
    }
    const site = await firstThatHas(readOnly, digest, damages, options);
    if (site === undefined && damages[0] !== undefined) throw damages[0];
    return site;
  }

  return {
    ...writable,
    async stat(digest, options) {
      return (await find(digest, options))?.info;
    },
    async locate(digest, options) {
      for (let attempt = 0; attempt < MOVES_MAX; attempt += 1) {
        const holder = await find(digest, options);
        if (holder === undefined) return undefined;
        const location = await holder.reader.locate(digest, options);
        // Else the blob moved between the two questions.
        if (location !== undefined) return location;
      }
      return undefined;
    },
    async *read(digest, options) {
      for (let attempt = 1; ; attempt += 1) {
        const holder = await find(digest, options);
        if (holder === undefined) throw blobNotFound(digest);
        try {
          yield* holder.reader.read(digest, options);
          return;
        } catch (error) {
          if (holder.reader === packs && isStoreError(error) && error.kind === "corrupt") {
            // A pack gives a whole object or nothing, so nothing of it has gone out.
            if ((await writable.stat(digest, options)) === undefined) throw error;
            yield* writable.read(digest, options);
            return;
          }
          // Not-found comes before the first byte only: the blob moved between the two questions.
          if (attempt === MOVES_MAX || !isStoreError(error, "ERR_STORE_BLOB_NOT_FOUND"))
            throw error;
        }
      }
    },
    list: (options) =>
      mergeSorted([writable, ...(packs === undefined ? [] : [packs]), ...readOnly], options),
    async put(expected, source, options) {
      const present = await elsewhere(expected.digest, options);
      return present ?? writable.put(expected, source, options);
    },
    async ensureVerified(digest, options) {
      return (
        (await writable.ensureVerified(digest, options)) ??
        (await elsewhere(digest, options)) ??
        // It may have left its pack for a file of its own between the two questions.
        (packs === undefined ? undefined : writable.ensureVerified(digest, options))
      );
    },
  };

  /** A blob that one of the other places holds; packs verify with every read, a site its own way. */
  async function elsewhere(digest: Digest, options?: AbortOptions): Promise<BlobInfo | undefined> {
    await packs?.refresh(options);
    const packed = await packs?.stat(digest, options);
    if (packed?.verified === true) return packed;
    for (const reader of readOnly) {
      const info = await unlessBroken(reader.stat(digest, options));
      if (info?.verified === true) return info;
    }
    return undefined;
  }
}

/** A site that is damaged, away or closed to this user keeps nobody from a copy of their own. */
async function unlessBroken<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return undefined;
  }
}

async function firstThatHas(
  readers: readonly BlobReader[],
  digest: Digest,
  damages: StoreError[],
  options?: AbortOptions,
): Promise<Holder | undefined> {
  for (const reader of readers) {
    try {
      const info = await reader.stat(digest, options);
      if (info !== undefined) return { reader, info };
    } catch (error) {
      if (!isStoreError(error) || error.kind !== "corrupt") throw error;
      damages.push(error);
    }
  }
  return undefined;
}

/** Each digest once, ascending. */
async function* mergeSorted(
  readers: readonly BlobReader[],
  options?: AbortOptions,
): AsyncGenerator<Digest> {
  const lists = readers.map((reader) => reader.list(options)[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(lists.map((list) => list.next()));
    for (;;) {
      let least: Digest | undefined;
      for (const head of heads) {
        if (head.done !== true && (least === undefined || head.value < least)) least = head.value;
      }
      if (least === undefined) return;
      yield least;
      for (const [index, head] of heads.entries()) {
        if (head.done !== true && head.value === least) heads[index] = await lists[index]!.next();
      }
    }
  } finally {
    for (const list of lists) await list.return?.(undefined);
  }
}
