import { join } from "node:path";

import { loadXxh64, formatXxh64, type Xxh64Factory } from "../checksum/xxh64.ts";
import { isErrno } from "../errors/errno.ts";
import { isStoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { readDocument } from "../fs/read-document.ts";
import type { Layout } from "../root/layout.ts";
import {
  decodeJournal,
  type Journal,
  JOURNAL_BYTES_MAX,
  type JournalHeader,
  type JournalRecord,
} from "./journal.ts";
import { DATA_NAME, JOURNAL_NAME, type Partial, reopenPartial } from "./partial.ts";
import { isAbandoned, writeOwner } from "./partial-owner.ts";

/** Bytes per read when checking recorded ranges. */
const CHECK_BYTES = 1024 * 1024;

/** In a store of several users another's partial can be copied from, but not gone on with. */
const NOT_OURS = ["EACCES", "EPERM"];

/** A partial of the same target that somebody else began. */
export interface EarlierPartial {
  readonly directory: string;
  readonly journal: Journal;
}

/** Its journal, or `undefined` where there is nothing to continue. */
export async function inspectPartial(
  layout: Layout,
  directory: string,
): Promise<EarlierPartial | undefined> {
  try {
    const data = await ifPresent(layout.fs.lstat(join(directory, DATA_NAME)));
    // More than one name: it was published already, and must never be written again.
    if (data === undefined || data.kind !== "file" || data.links > 1) return undefined;
    const bytes = await readDocument(layout.fs, join(directory, JOURNAL_NAME), {
      bytesMax: JOURNAL_BYTES_MAX,
    });
    const journal = bytes === undefined ? undefined : decodeJournal(bytes);
    return journal === undefined ? undefined : { directory, journal };
  } catch (error) {
    // A journal of the wrong type or size is as good as none: its ranges are fetched again.
    if (isErrno(error, "ENOTDIR") || isStoreError(error)) return undefined;
    throw error;
  }
}

export interface TakenOver {
  readonly partial: Partial;
  /** The recorded ranges whose bytes still are what they were. */
  readonly records: readonly JournalRecord[];
}

/**
 * Makes an abandoned partial ours by renaming its directory, which has one winner.
 *
 * The owner is judged again under the new name, and ours is written before the data file is
 * opened. So of two that pass each other here, the one renamed last finds the other's living name
 * and backs off, or the other finds its directory gone; never do both hold the data file.
 *
 * @param mine a directory name nobody else has
 * @returns `undefined` if somebody else has it, or may still be writing to it
 */
export async function takeOver(
  layout: Layout,
  earlier: EarlierPartial,
  mine: string,
  header: JournalHeader,
): Promise<TakenOver | undefined> {
  const { fs } = layout;
  if (!(await isAbandoned(layout, earlier.directory))) return undefined;
  try {
    await fs.rename(earlier.directory, mine);
  } catch (error) {
    // EXDEV: an overlay file system cannot move a directory of its lower layer.
    if (isErrno(error, "ENOENT", "EXDEV", ...NOT_OURS)) return undefined;
    throw error;
  }
  if (!(await isAbandoned(layout, mine))) {
    await fs.rename(mine, earlier.directory).catch(() => {});
    return undefined;
  }
  try {
    await writeOwner(layout, mine, true);
    const checked = await checkRecords(layout, mine, earlier.journal.records);
    const partial = await reopenPartial(layout, mine, header, checked);
    return { partial, records: checked };
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    if (!isErrno(error, ...NOT_OURS)) throw error;
    await fs.rename(mine, earlier.directory).catch(() => {});
    return undefined;
  }
}

async function checkRecords(
  layout: Layout,
  directory: string,
  records: readonly JournalRecord[],
): Promise<readonly JournalRecord[]> {
  const file = await layout.fs.open(join(directory, DATA_NAME), "read");
  try {
    const kept: JournalRecord[] = [];
    for await (const { record } of checkedRanges(file, records, await loadXxh64()))
      kept.push(record);
    return kept;
  } finally {
    await file.close();
  }
}

async function* checkedRanges(
  file: FsFile,
  records: readonly JournalRecord[],
  xxh64: Xxh64Factory,
): AsyncGenerator<{ readonly record: JournalRecord }> {
  const buffer = new Uint8Array(CHECK_BYTES);
  for (const record of records) {
    const sum = xxh64.create();
    let at = record.start;
    while (at < record.end) {
      const piece = buffer.subarray(0, Math.min(buffer.length, record.end - at));
      const count = await file.read(piece, at);
      sum.update(piece.subarray(0, count));
      at += count;
      if (count < piece.length) break;
    }
    if (at === record.end && formatXxh64(sum.value()) === record.sum) yield { record };
  }
}

/**
 * Hands out the recorded bytes of a partial whose owner may still be alive, without touching it:
 * what a journal lists was durable, and each range is checked as a whole before it is given on.
 */
export async function* recordedBytes(
  layout: Layout,
  earlier: EarlierPartial,
): AsyncGenerator<{ readonly offset: number; readonly bytes: Uint8Array }> {
  let file: FsFile;
  try {
    file = await layout.fs.open(join(earlier.directory, DATA_NAME), "read");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return;
    throw error;
  }
  try {
    for await (const { record } of checkedRanges(
      file,
      earlier.journal.records,
      await loadXxh64(),
    )) {
      for (let at = record.start; at < record.end; at += CHECK_BYTES) {
        const bytes = new Uint8Array(Math.min(CHECK_BYTES, record.end - at));
        const count = await file.read(bytes, at);
        if (count > 0) yield { offset: at, bytes: bytes.subarray(0, count) };
      }
    }
  } finally {
    await file.close();
  }
}
