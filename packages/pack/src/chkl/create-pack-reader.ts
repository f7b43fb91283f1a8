import { asStoreError, type Digest, explaining, type StoreError } from "@store/layout";

import { createNeedle } from "../bytes/digest-hash.ts";
import { encodePackKey, KEY_BYTES, type PackKey } from "../hash/pack-key.ts";
import { finishInTurns, finishNow, turns } from "../loop/turns.ts";
import { decodeEntry, type EntryExpectation } from "./decode-entry.ts";
import type { IdentityTable } from "./identity-table.ts";
import type { IndexTable } from "./index-table.ts";
import { blobNotFound, objectNotFound } from "./not-found.ts";
import type { PackData } from "./pack-data.ts";
import type { PackEntry, PackObject } from "./pack-entry.ts";
import { ENTRY_HEADER_BYTES } from "./pack-header.ts";
import type { PackId } from "./pack-id.ts";
import type { PackReader } from "./pack-reader.ts";
import { type BytesAt, entryLength, frameIn, readEntry } from "./read-entry.ts";

export interface PackParts {
  readonly id: PackId;
  readonly data: PackData;
  readonly index: IndexTable;
  readonly identity: IdentityTable | undefined;
  /** For each row of the index the row of the sidecar about the same entry, or -1. */
  readonly identityRows: Int32Array;
  readonly identityError: StoreError | undefined;
  readonly entryBytesMax: number;
}

/** A reader as a set sees it, which looks digests up in all sidecars at once. */
export interface OpenedPack extends PackReader {
  readonly identity: IdentityTable | undefined;
}

type ReadNow = NonNullable<PackData["readNow"]>;

/** Frames up to this are read without asking a thread: from a slow disk that takes milliseconds. */
const SMALL_BYTES_MAX = 64 * 1024;

/** Shared by all packs: what is in it is decoded before anything else happens. */
const scratch = new Uint8Array(ENTRY_HEADER_BYTES + SMALL_BYTES_MAX);

/** A reader over parts that have been checked against each other. */
export function createPackReader(parts: PackParts): OpenedPack {
  const { id, data, index, identity, identityRows, entryBytesMax } = parts;
  const source = readerOf(data);
  const readings = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;

  function objectOf(indexRow: number): PackObject | undefined {
    const row = identityRows[indexRow];
    return row === undefined || row < 0 ? undefined : identity?.objectAt(row);
  }

  function rowsOf(key: PackKey): { readonly start: number; readonly end: number } {
    const bytes = new Uint8Array(KEY_BYTES);
    encodePackKey(key, bytes, 0);
    return index.rowsOf(bytes);
  }

  function findDigest(digest: Digest): PackObject | undefined {
    const row = identity?.rowOf(createNeedle(digest));
    return row === undefined ? undefined : identity?.objectAt(row);
  }

  async function frameOf(entry: PackEntry, signal?: AbortSignal): Promise<Uint8Array> {
    checkOpen(signal);
    const reading = explaining(`read pack ${id}`, () =>
      readEntry(source, id, entry, entryBytesMax),
    );
    readings.add(reading);
    try {
      return await reading;
    } finally {
      readings.delete(reading);
    }
  }

  function checkOpen(signal?: AbortSignal): void {
    if (closed !== undefined) throw new TypeError(`pack ${id} is closed`);
    signal?.throwIfAborted();
  }

  /** The content of an entry. A small one is mostly in the page cache: asking a thread costs more. */
  async function contentOf(
    entry: PackEntry,
    expected: EntryExpectation,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const place = { pack: id, offset: entry.offset };
    if (data.readNow === undefined || entry.encodedSize > SMALL_BYTES_MAX) {
      const frame = await frameOf(entry, signal);
      return finishInTurns(decodeEntry(frame, expected, entryBytesMax, place));
    }
    checkOpen(signal);
    const frame = frameNow(data.readNow, entry);
    const content = finishNow(decodeEntry(frame, expected, entryBytesMax, place));
    if (turns.isOver()) await turns.pause();
    return content;
  }

  /** Good until the next call: decoded before anybody else has the thread. */
  function frameNow(readNow: ReadNow, entry: PackEntry): Uint8Array {
    const buffer = scratch.subarray(0, entryLength(id, entry, entryBytesMax));
    let count: number;
    try {
      count = readNow(buffer, entry.offset);
    } catch (error) {
      throw asStoreError(error, `read pack ${id}`);
    }
    return frameIn(buffer.subarray(0, count), id, entry);
  }

  /** A read under way ends first: its pack may be on its way out of a set. */
  async function close(): Promise<void> {
    await Promise.allSettled(readings);
    await data.close();
  }

  return {
    id,
    count: index.count,
    identifiedCount: identity?.count ?? 0,
    identityError: parts.identityError,
    size: data.size,
    addedAtMs: data.addedAtMs,
    find(key) {
      const { start, end } = rowsOf(key);
      return start < end ? index.entryAt(start) : undefined;
    },
    findDigest,
    identity,
    async read(key, options) {
      const { start, end } = rowsOf(key);
      if (start === end) throw objectNotFound(key, id);
      const entry = index.entryAt(start);
      const object = objectOf(start);
      return contentOf(
        entry,
        object === undefined ? { key } : { identity: object },
        options?.signal,
      );
    },
    async readDigest(digest, options) {
      const object = findDigest(digest);
      if (object === undefined) throw blobNotFound(digest);
      return contentOf(object, { identity: object }, options?.signal);
    },
    readObject: (object, options) => contentOf(object, { identity: object }, options?.signal),
    readFrame: (entry, options) => frameOf(entry, options?.signal),
    *entries() {
      for (let row = 0; row < index.count; row++) yield index.entryAt(row);
    },
    *objects(range) {
      if (identity === undefined) return;
      const { start, end } =
        range === undefined
          ? { start: 0, end: identity.count }
          : identity.rowsFrom(range.firstByte);
      for (let row = start; row < end; row++) yield identity.objectAt(row);
    },
    [Symbol.asyncDispose]: () => (closed ??= close()),
  };
}

/** Each read gets memory of its own, so that any number can be under way. */
function readerOf(data: PackData): BytesAt {
  return {
    async read(position, length) {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, await data.read(bytes, position));
    },
  };
}
