import { type AbortOptions, explaining, type Finding, isStoreError } from "@store/layout";

import { decodeEntry } from "../chkl/decode-entry.ts";
import { encodeIdentitySliced } from "../chkl/identity-table.ts";
import { encodeIndexSliced } from "../chkl/index-table.ts";
import { packNotFound } from "../chkl/not-found.ts";
import { READ_ENTRY_BYTES_MAX } from "../chkl/open-pack.ts";
import { openPackData, type PackData } from "../chkl/pack-data.ts";
import { entryRow, type PackEntry, type PackObject } from "../chkl/pack-entry.ts";
import { findingOf } from "../chkl/pack-error.ts";
import { packDirectoryOf, type PackHome } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import { readEntry } from "../chkl/read-entry.ts";
import { digestSliced } from "../hash/digest-sliced.ts";
import { finishInTurns } from "../loop/turns.ts";
import { createDataWindow, type DataWindow } from "./data-window.ts";
import { scanEntries } from "./scan-entries.ts";

export interface RebuildIdentityOptions extends AbortOptions {
  /** Largest object to decode, in bytes; 256 MiB by default. */
  readonly entryBytesMax?: number | undefined;
  /**
   * Is told of each entry that is damaged or too large; the sidecar then leaves it out, and it can
   * be asked for by key only. Without it the first such entry is an error.
   */
  readonly onDamage?: ((finding: Finding) => void) | undefined;
}

/**
 * The index of a pack, made anew from its data file alone. Nothing is written: hand the bytes to
 * `writeDocument` once the old file, if there is one, is in quarantine.
 *
 * @throws StoreError `ERR_STORE_PACK_NOT_FOUND`, `ERR_STORE_PACK_TRUNCATED`,
 * `ERR_STORE_PACK_INVALID`
 */
export function rebuildIndex(
  home: PackHome,
  id: PackId,
  options: AbortOptions = {},
): Promise<Uint8Array> {
  return withData(home, id, async (data, window) => {
    const entries: PackEntry[] = [];
    for await (const entry of scanEntries(id, data, window)) {
      options.signal?.throwIfAborted();
      entries.push(entry);
    }
    return finishInTurns(encodeIndexSliced(entries));
  });
}

/**
 * The identity sidecar of a pack, made anew from its data file alone: every object is decoded,
 * checked against its key and hashed. Nothing is written.
 *
 * @throws StoreError as {@link rebuildIndex}; without `onDamage` also `ERR_STORE_ENTRY_INVALID`,
 * `ERR_STORE_ENTRY_TOO_LARGE`, `ERR_STORE_FRAME_UNSUPPORTED`
 */
export function rebuildIdentity(
  home: PackHome,
  id: PackId,
  options: RebuildIdentityOptions = {},
): Promise<Uint8Array> {
  const { onDamage, signal, entryBytesMax = READ_ENTRY_BYTES_MAX } = options;
  return withData(home, id, async (data, window) => {
    const objects: PackObject[] = [];
    for await (const entry of scanEntries(id, data, window)) {
      signal?.throwIfAborted();
      try {
        const frame = await readEntry(window, id, entryRow(entry), entryBytesMax);
        const place = { pack: id, offset: entry.offset };
        const content = await finishInTurns(
          decodeEntry(frame, { key: entry.key }, entryBytesMax, place),
        );
        const digest = await finishInTurns(digestSliced(content));
        objects.push({ ...entry, digest, size: content.length });
      } catch (error) {
        if (onDamage === undefined || !isStoreError(error)) throw error;
        onDamage(findingOf(error, id));
      }
    }
    return finishInTurns(encodeIdentitySliced(objects));
  });
}

function withData(
  home: PackHome,
  id: PackId,
  body: (data: PackData, window: DataWindow) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  return explaining(`read pack ${id}`, async () => {
    const data = await openPackData(packDirectoryOf(home), id);
    if (data === undefined) throw packNotFound(id);
    try {
      return await body(data, createDataWindow(data));
    } finally {
      await data.close();
    }
  });
}
