import {
  type AbortOptions,
  asStoreError,
  type Digest,
  explaining,
  type StoreError,
} from "@store/layout";

import { createNeedle } from "../bytes/digest-hash.ts";
import { keyBytes } from "../hash/pack-key.ts";
import { finishInTurns, turns } from "../loop/turns.ts";
import { decodeEntry, decodeEntryNow, type EntryExpectation } from "./decode-entry.ts";
import type { IdentityTable } from "./identity-table.ts";
import type { IndexTable } from "./index-table.ts";
import { blobNotFound, objectNotFound } from "./not-found.ts";
import type { PackData } from "./pack-data.ts";
import { type EntryRow, entryRow, type PackObject } from "./pack-entry.ts";
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
  /** The object of a row of the sidecar that has this digest. */
  readRow(row: number, digest: Digest, options?: AbortOptions): Promise<Uint8Array>;
  /** The same at once, without asking a thread; `undefined` for an object that is not small. */
  readRowNow(row: number, digest: Digest): Uint8Array | undefined;
}

/** What to read, and what it must turn out to be. */
interface Wanted {
  readonly entry: EntryRow;
  readonly expected: EntryExpectation;
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

  const rowOf = (digest: Digest): number | undefined => identity?.rowOf(createNeedle(digest));

  function wantedAt(row: number, digest: Digest): Wanted {
    if (identity === undefined) throw new TypeError(`pack ${id} has no sidecar`);
    return {
      entry: identity.entryRowAt(row),
      expected: { identity: { digest, size: identity.sizeAt(row) } },
    };
  }

  async function frameOf(entry: EntryRow, signal?: AbortSignal): Promise<Uint8Array> {
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

  async function contentOf(wanted: Wanted, signal?: AbortSignal): Promise<Uint8Array> {
    checkOpen(signal);
    const content = contentNow(wanted);
    if (content === undefined) {
      const frame = await frameOf(wanted.entry, signal);
      const place = { pack: id, offset: wanted.entry.offset };
      return finishInTurns(decodeEntry(frame, wanted.expected, entryBytesMax, place));
    }
    if (turns.isOver()) await turns.pause();
    return content;
  }

  /** A small frame is mostly in the page cache: asking a thread costs more. */
  function contentNow({ entry, expected }: Wanted): Uint8Array | undefined {
    if (data.readNow === undefined || entry.encodedSize > SMALL_BYTES_MAX) return undefined;
    const frame = frameNow(data.readNow, entry);
    return decodeEntryNow(frame, expected, entryBytesMax, { pack: id, offset: entry.offset });
  }

  /** Good until the next call: decoded before anybody else has the thread. */
  function frameNow(readNow: ReadNow, entry: EntryRow): Uint8Array {
    const buffer = scratch.subarray(0, entryLength(id, entry, entryBytesMax));
    let count: number;
    try {
      count = readNow(buffer, entry.offset);
    } catch (error) {
      throw asStoreError(error, `read pack ${id}`);
    }
    return frameIn(count === buffer.length ? buffer : buffer.subarray(0, count), id, entry);
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
      const { start, end } = index.rowsOf(keyBytes(key));
      return start < end ? index.entryAt(start) : undefined;
    },
    findDigest(digest) {
      const row = rowOf(digest);
      return row === undefined ? undefined : identity?.objectAt(row);
    },
    identity,
    async read(key, options) {
      const { start, end } = index.rowsOf(keyBytes(key));
      if (start === end) throw objectNotFound(key, id);
      const entry = entryRow(index.entryAt(start));
      const object = objectOf(start);
      const expected = object === undefined ? { key } : { identity: object };
      return contentOf({ entry, expected }, options?.signal);
    },
    async readDigest(digest, options) {
      const row = rowOf(digest);
      if (row === undefined) throw blobNotFound(digest);
      return contentOf(wantedAt(row, digest), options?.signal);
    },
    readObject: (object, options) =>
      contentOf({ entry: entryRow(object), expected: { identity: object } }, options?.signal),
    readRow: (row, digest, options) => contentOf(wantedAt(row, digest), options?.signal),
    readRowNow(row, digest) {
      checkOpen();
      return contentNow(wantedAt(row, digest));
    },
    readFrame: (entry, options) => frameOf(entryRow(entry), options?.signal),
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
