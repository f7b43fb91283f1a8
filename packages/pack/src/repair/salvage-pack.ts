import { join } from "node:path";

import {
  type AbortOptions,
  type Digest,
  isStoreError,
  type Layout,
  openBlobStore,
  readDocument,
} from "@store/layout";

import { decodeIdentity, IDENTITY_ROW_BYTES } from "../chkl/identity-table.ts";
import { READ_ENTRY_BYTES_MAX, readIndex } from "../chkl/open-pack.ts";
import { openPackData, type PackData } from "../chkl/pack-data.ts";
import type { PackEntry } from "../chkl/pack-entry.ts";
import { encodedBytesMax, ENTRY_COUNT_MAX, ENTRY_HEADER_BYTES } from "../chkl/pack-header.ts";
import { type PackDirectory, packDirectoryOf } from "../chkl/pack-home.ts";
import { packFileName, type PackId } from "../chkl/pack-id.ts";
import { digestSliced } from "../hash/digest-sliced.ts";
import { hashPackKeySliced, type PackKey } from "../hash/pack-key.ts";
import { finishInTurns } from "../loop/turns.ts";
import { decodeFrameSliced } from "../lz4/frame-decoder.ts";
import { createDataWindow, type DataWindow } from "../verify/data-window.ts";
import { scanEntries } from "../verify/scan-entries.ts";

/**
 * Gives every object of a damaged pack that can still be had a file of its own: those at the places
 * the index names and those the data itself leads to. An object counts whose content has the key
 * said to be there, or a SHA-256 of the sidecar.
 *
 * @returns the objects, ascending
 */
export async function salvagePack(
  layout: Layout,
  id: PackId,
  { signal }: AbortOptions,
): Promise<readonly Digest[]> {
  const directory = packDirectoryOf(layout);
  const data = await attempt(() => openPackData(directory, id));
  if (data === undefined) return [];
  try {
    const blobs = openBlobStore(layout);
    const named = await readDigests(directory, id);
    const window = createDataWindow(data);
    const saved = new Set<Digest>();
    const seen = new Set<number>();
    for await (const entry of entriesOf(directory, id, data, window)) {
      signal?.throwIfAborted();
      if (seen.has(entry.offset)) continue;
      const found = await attempt(() => readContent(window, entry));
      if (found === undefined || !(found.key === entry.key || named.has(found.digest))) continue;
      seen.add(entry.offset);
      const { digest, content } = found;
      if (!saved.has(digest)) {
        await blobs.put({ digest, size: content.length }, content, { signal });
      }
      saved.add(digest);
    }
    return [...saved].toSorted();
  } finally {
    await data.close();
  }
}

async function* entriesOf(
  directory: PackDirectory,
  id: PackId,
  data: PackData,
  window: DataWindow,
): AsyncGenerator<PackEntry> {
  const index = await attempt(() => readIndex(directory, id));
  for (let row = 0; row < (index?.count ?? 0); row++) yield index!.entryAt(row);
  try {
    yield* scanEntries(id, data, window);
  } catch (error) {
    // The data leads no further.
    if (!isDamage(error)) throw error;
  }
}

/** The frame is read past its header, which may be what is damaged. */
async function readContent(
  window: DataWindow,
  { offset, encodedSize }: PackEntry,
): Promise<{ content: Uint8Array; digest: Digest; key: PackKey } | undefined> {
  if (encodedSize > encodedBytesMax(READ_ENTRY_BYTES_MAX)) return undefined;
  const frame = await window.read(offset + ENTRY_HEADER_BYTES, encodedSize);
  const limits = { sizeMax: READ_ENTRY_BYTES_MAX };
  const content = await finishInTurns(decodeFrameSliced(frame, limits));
  const digest = await finishInTurns(digestSliced(content));
  return { content, digest, key: await finishInTurns(hashPackKeySliced(content)) };
}

async function readDigests(directory: PackDirectory, id: PackId): Promise<ReadonlySet<Digest>> {
  const bytes = await attempt(() =>
    readDocument(directory.fs, join(directory.dir, packFileName(id, "ids")), {
      bytesMax: (ENTRY_COUNT_MAX + 1) * IDENTITY_ROW_BYTES,
    }),
  );
  const objects =
    bytes === undefined ? undefined : await attempt(async () => decodeIdentity(bytes));
  return new Set(objects?.map(({ digest }) => digest));
}

const isDamage = (error: unknown): boolean =>
  isStoreError(error) && ["corrupt", "invalid", "unsupported"].includes(error.kind);

/** What some work comes to, or nothing where the pack is too damaged for it. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}
