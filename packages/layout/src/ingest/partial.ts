import { dirname, join } from "node:path";

import { ifPresent } from "../fs/absence.ts";
import { openDirectOr } from "../fs/direct-writes.ts";
import type { FsFile } from "../fs/fs-port.ts";
import { temporaryName } from "../fs/temporary-name.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { Layout } from "../root/layout.ts";
import { encodeHeader, encodeRecords, type JournalHeader, type JournalRecord } from "./journal.ts";
import { removeOwner, writeOwner } from "./partial-owner.ts";

/** A partial that is ours: nobody else writes to its files. */
export interface Partial {
  readonly directory: string;
  readonly dataPath: string;
  readonly file: FsFile;
  /**
   * The same file past the page cache, where the file system can; `file` itself elsewhere. Pages
   * written through one must not be written through the other.
   */
  openDirect(): Promise<FsFile>;
  /** Whether {@link remove} was called. */
  readonly removed: boolean;
  /**
   * Appends to the journal and makes it durable. The bytes must be durable already (INV-10).
   *
   * @returns whether the partial still has its name: what is recorded without one is lost
   */
  record(records: readonly JournalRecord[]): Promise<boolean>;
  /** Closes both files; throws what closing throws. */
  close(): Promise<void>;
  /** Lets go of the partial, so that the next ingest may continue it at once. */
  release(): Promise<void>;
  /** Removes all of it. Never throws: a leftover is swept by age. */
  remove(): Promise<void>;
}

export const DATA_NAME = "data.tmp";
export const JOURNAL_NAME = "journal";

/** Starts a partial from nothing. */
export async function createPartial(
  layout: Layout,
  directory: string,
  header: JournalHeader,
): Promise<Partial> {
  const { fs } = layout;
  await layout.makeDirectory(dirname(directory));
  await layout.makeDirectory(directory, { lasting: false });
  const opened: FsFile[] = [];
  try {
    await writeOwner(layout, directory, true);
    const file = await fs.open(join(directory, DATA_NAME), "create", { permissions: 0o644 });
    opened.push(file);
    const journal = await fs.open(join(directory, JOURNAL_NAME), "create", { permissions: 0o644 });
    opened.push(journal);
    const bytes = encodeHeader(header);
    await writeFully(journal, bytes, 0);
    return holdPartial(layout, directory, { file, journal, length: bytes.length });
  } catch (error) {
    await closeAll(opened);
    await removePartial(layout, directory);
    throw error;
  }
}

/** Continues a partial whose directory carries our name and whose former owner cannot write to it. */
export async function reopenPartial(
  layout: Layout,
  directory: string,
  header: JournalHeader,
  records: readonly JournalRecord[],
): Promise<Partial> {
  const { fs } = layout;
  // A commit that was cut short may have made it read-only.
  await fs.chmod(join(directory, DATA_NAME), 0o644);
  const opened: FsFile[] = [];
  // Written anew rather than appended to: what follows the last whole record is unknown.
  const temporary = join(directory, temporaryName());
  try {
    const file = await fs.open(join(directory, DATA_NAME), "update");
    opened.push(file);
    const journal = await fs.open(temporary, "create", { permissions: 0o644 });
    opened.push(journal);
    const head = encodeHeader(header);
    const rest = encodeRecords(records);
    await writeFully(journal, head, 0);
    await writeFully(journal, rest, head.length);
    await journal.sync();
    await fs.rename(temporary, join(directory, JOURNAL_NAME));
    await fs.syncDirectory(directory);
    return holdPartial(layout, directory, { file, journal, length: head.length + rest.length });
  } catch (error) {
    await closeAll(opened);
    await fs.unlink(temporary).catch(() => {});
    // Free for the next attempt at once.
    await writeOwner(layout, directory, false).catch(() => {});
    throw error;
  }
}

async function closeAll(files: readonly FsFile[]): Promise<void> {
  for (const file of files) await file.close().catch(() => {});
}

async function removePartial(layout: Layout, directory: string): Promise<void> {
  const { fs } = layout;
  await fs.unlink(join(directory, DATA_NAME)).catch(() => {});
  await fs.unlink(join(directory, JOURNAL_NAME)).catch(() => {});
  await removeOwner(layout, directory).catch(() => {});
  await fs.rmdir(directory).catch(() => {});
}

function holdPartial(
  layout: Layout,
  directory: string,
  held: { readonly file: FsFile; readonly journal: FsFile; readonly length: number },
): Partial {
  const { file, journal } = held;
  let { length } = held;
  let named = false;
  let open = true;
  let removed = false;
  let direct: Promise<FsFile> | undefined;
  const dataPath = join(directory, DATA_NAME);

  async function closeDirect(): Promise<void> {
    // One that could not be opened was told to whoever asked for it.
    const opened = await direct?.catch(() => undefined);
    if (opened !== undefined && opened !== file) await opened.close();
  }

  async function close(): Promise<void> {
    if (!open) return;
    open = false;
    try {
      await journal.close();
    } finally {
      try {
        await closeDirect();
      } finally {
        await file.close();
      }
    }
  }

  return {
    directory,
    dataPath,
    file,
    // Whoever lost its directory goes on with what is open, and is told when it commits.
    openDirect: () => (direct ??= openDirectOr(layout.fs, dataPath, file)),
    get removed() {
      return removed;
    },
    async record(records) {
      const bytes = encodeRecords(records);
      await writeFully(journal, bytes, length);
      length += bytes.length;
      await journal.sync();
      // Once: the names of both files must survive as well.
      named ||= (await ifPresent(layout.fs.syncDirectory(directory).then(() => true))) === true;
      return named;
    },
    close,
    async release() {
      await close();
      await writeOwner(layout, directory, false);
    },
    async remove() {
      removed = true;
      await close().catch(() => {});
      await removePartial(layout, directory);
    },
  };
}
