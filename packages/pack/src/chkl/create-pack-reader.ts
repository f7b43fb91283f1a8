import { type Digest, explaining, type StoreError } from "@store/layout";

import { encodePackKey, KEY_BYTES, type PackKey } from "../hash/pack-key.ts";
import { decodeEntry } from "./decode-entry.ts";
import type { IdentityTable } from "./identity-table.ts";
import type { IndexTable } from "./index-table.ts";
import { blobNotFound, objectNotFound } from "./not-found.ts";
import type { PackData } from "./pack-data.ts";
import type { PackEntry, PackObject } from "./pack-entry.ts";
import type { PackId } from "./pack-id.ts";
import type { PackReader } from "./pack-reader.ts";
import { type BytesAt, readEntry } from "./read-entry.ts";

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

/** A reader over parts that have been checked against each other. */
export function createPackReader(parts: PackParts): PackReader {
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
    const row = identity?.rowOf(digest);
    return row === undefined ? undefined : identity?.objectAt(row);
  }

  async function frameOf(entry: PackEntry, signal?: AbortSignal): Promise<Uint8Array> {
    if (closed !== undefined) throw new TypeError(`pack ${id} is closed`);
    signal?.throwIfAborted();
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
    async read(key, options) {
      const { start, end } = rowsOf(key);
      if (start === end) throw objectNotFound(key, id);
      const entry = index.entryAt(start);
      const object = objectOf(start);
      const expected = object === undefined ? { key } : { identity: object };
      const place = { pack: id, offset: entry.offset };
      return decodeEntry(await frameOf(entry, options?.signal), expected, entryBytesMax, place);
    },
    async readDigest(digest, options) {
      const object = findDigest(digest);
      if (object === undefined) throw blobNotFound(digest);
      const place = { pack: id, offset: object.offset };
      const expected = { identity: object };
      return decodeEntry(await frameOf(object, options?.signal), expected, entryBytesMax, place);
    },
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
