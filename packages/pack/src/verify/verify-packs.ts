import {
  type AbortOptions,
  asStoreError,
  type Finding,
  isStoreError,
  type ProgressOptions,
} from "@store/layout";

import { decodeEntry } from "../chkl/decode-entry.ts";
import type { IndexTable } from "../chkl/index-table.ts";
import {
  checkData,
  openIndexedData,
  type PackIdentity,
  READ_ENTRY_BYTES_MAX,
  readIdentity,
  readIndex,
} from "../chkl/open-pack.ts";
import type { PackData } from "../chkl/pack-data.ts";
import { entryRow, type PackEntry, type PackObject } from "../chkl/pack-entry.ts";
import { findingOf } from "../chkl/pack-error.ts";
import { type PackDirectory, packDirectoryOf, type PackHome } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import { readEntry } from "../chkl/read-entry.ts";
import { finishInTurns, turns } from "../loop/turns.ts";
import { listPackFiles } from "../set/list-packs.ts";
import { checkName } from "./check-name.ts";
import { createDataWindow, type DataWindow } from "./data-window.ts";
import { unidentified, unindexed } from "./notes.ts";
import { scanEntries } from "./scan-entries.ts";

export interface VerifyPackEvent {
  readonly kind: "pack";
  readonly id: PackId;
  /** Bytes of its data file. */
  readonly bytes: number;
}

export interface VerifyPacksOptions extends AbortOptions, ProgressOptions<VerifyPackEvent> {
  /** Largest object to decode, in bytes; 256 MiB by default. */
  readonly entryBytesMax?: number | undefined;
}

/**
 * Checks every pack, ascending by id: header, index, sidecar, name, and every object by length,
 * SHA-256 and key. Changes nothing; a damaged pack or object never ends the check of the others.
 */
export async function* verifyPacks(
  home: PackHome,
  options: VerifyPacksOptions = {},
): AsyncGenerator<Finding> {
  const directory = packDirectoryOf(home);
  for (const [id, files] of await listPackFiles(directory)) {
    options.signal?.throwIfAborted();
    if (files.has("idx")) yield* verifyPack(directory, id, options);
    else yield unindexed(id, files);
  }
}

async function* verifyPack(
  directory: PackDirectory,
  id: PackId,
  options: VerifyPacksOptions,
): AsyncGenerator<Finding> {
  const opened = await attempt(id, options, () => openIndexedData(directory, id));
  yield* opened.findings;
  const data = opened.value;
  if (data === undefined) return;
  try {
    yield* verifyData(directory, id, data, options);
    options.onProgress?.({ kind: "pack", id, bytes: data.size });
  } finally {
    await data.close();
  }
}

async function* verifyData(
  directory: PackDirectory,
  id: PackId,
  data: PackData,
  options: VerifyPacksOptions,
): AsyncGenerator<Finding> {
  const window = createDataWindow(data);
  const found = await attempt(id, options, async () => {
    const index = await readIndex(directory, id);
    if (index !== undefined) await checkData(id, index, data);
    return index;
  });
  yield* found.findings;
  const index = found.value;
  if (index === undefined) {
    let whole = false;
    const entries = scanEntries(id, data, window, () => (whole = true));
    yield* verifyEntries(id, entries, window, options);
    // Where the entries do not fill the file, its name says nothing more, however long it is.
    if (!whole) return;
  } else {
    const sidecar = await readIdentity(directory, id, index);
    if (sidecar.identityError !== undefined) {
      yield findingOf(sidecar.identityError, id);
    } else if ((sidecar.identity?.count ?? 0) < index.count) {
      yield unidentified(id, index.count, sidecar.identity?.count ?? 0);
    }
    yield* verifyEntries(id, indexedEntries(index, sidecar), window, options);
  }
  yield* (await attempt(id, options, () => checkName(id, data, options))).findings;
}

async function* verifyEntries(
  id: PackId,
  entries: AsyncIterable<CheckedEntry> | Iterable<CheckedEntry>,
  window: DataWindow,
  options: VerifyPacksOptions,
): AsyncGenerator<Finding> {
  const { signal, entryBytesMax = READ_ENTRY_BYTES_MAX } = options;
  try {
    for await (const entry of entries) {
      signal?.throwIfAborted();
      if (turns.isOver()) await turns.pause();
      const checked = await attempt(id, options, async () => {
        const frame = await readEntry(window, id, entryRow(entry), entryBytesMax);
        const place = { pack: id, offset: entry.offset };
        const expected = { key: entry.key, identity: entry.identity };
        await finishInTurns(decodeEntry(frame, expected, entryBytesMax, place));
      });
      yield* checked.findings;
    }
  } catch (thrown) {
    // A scan ends with what is wrong with the file as a whole.
    yield faultOf(id, options, thrown);
  }
}

interface CheckedEntry extends PackEntry {
  readonly identity?: PackObject | undefined;
}

/** Entries in the order of the file, so that it is read front to back. */
function* indexedEntries(index: IndexTable, sidecar: PackIdentity): Generator<CheckedEntry> {
  const offsets = Float64Array.from({ length: index.count }, (_, row) => index.offsetAt(row));
  const rows = Uint32Array.from({ length: index.count }, (_, row) => row);
  // Every row has an offset: the fallbacks are never taken.
  rows.sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0));
  for (const row of rows) {
    const identityRow = sidecar.identityRows[row] ?? -1;
    const identity = identityRow < 0 ? undefined : sidecar.identity?.objectAt(identityRow);
    yield { ...index.entryAt(row), identity };
  }
}

/** The result of a piece of work, or what went wrong with it. */
async function attempt<T>(
  id: PackId,
  options: AbortOptions,
  work: () => Promise<T>,
): Promise<{ readonly value?: T; readonly findings: readonly Finding[] }> {
  try {
    return { value: await work(), findings: [] };
  } catch (thrown) {
    return { findings: [faultOf(id, options, thrown)] };
  }
}

/** What an error says about a pack. An abort, and a mistake of ours, is thrown on. */
function faultOf(id: PackId, { signal }: AbortOptions, thrown: unknown): Finding {
  if (signal?.aborted === true) throw thrown;
  const error = asStoreError(thrown, `read pack ${id}`);
  if (!isStoreError(error)) throw error;
  return findingOf(error, id);
}
