import type { Ingest } from "../blobs/blob-store.ts";
import { sizeMismatch, sourceTooLong } from "../blobs/blob-errors.ts";
import type { ByteRange } from "../byte-source.ts";
import { loadXxh64 } from "../checksum/xxh64.ts";
import { explaining } from "../errors/system-error.ts";
import { createDirectWrite } from "../fs/direct-writes.ts";
import { writeFully } from "../fs/write-fully.ts";
import type { Layout } from "../root/layout.ts";
import { createChunkOrder } from "./chunk-order.ts";
import { createIngestBuffers } from "./ingest-buffers.ts";
import { finishIngest, type FinishedParts, ingestLost, TAKEN_AWAY } from "./finish-ingest.ts";
import type { JournalHeader, JournalRecord } from "./journal.ts";
import { createPrefixHasher, isLarge } from "./prefix-hasher.ts";
import type { Slot } from "../hashing/shared-slots.ts";
import { createRangeSet, type RangeSet } from "./range-set.ts";
import { openReceiveSlots } from "./receive-slots.ts";
import { sumChunks } from "./sum-chunks.ts";
import { createWrittenChunks } from "./written-chunks.ts";

/**
 * Bytes written between two checkpoints: how rarely the disk must settle. Beyond them and what lies in
 * receive slots nothing comes before they are recorded, so an interruption costs 64 MiB at most.
 */
const CHECKPOINT_BYTES = 32 * 1024 * 1024;

export interface DiskIngestParts extends FinishedParts {
  /** Ranges that are on disk already, checked. */
  readonly records: readonly JournalRecord[];
  readonly restarted: boolean;
}

/** `unwritten`: a write failed; what was recorded is good. `unsynced`: the file must be discarded. */
type State = "open" | "unwritten" | "unsynced" | "closed";

/** Above this a failed publication is worth another sync, so that the next attempt need not fetch. */
const RECORD_BEFORE_PUBLISH_BYTES = 4 * 1024 * 1024;

export async function createDiskIngest(layout: Layout, parts: DiskIngestParts): Promise<Ingest> {
  const { header, partial } = parts;
  const covered = createRangeSet(parts.records);
  const xxh64 = await loadXxh64();
  const written = createWrittenChunks(xxh64);
  const slots = isLarge(header.size) ? openReceiveSlots() : undefined;
  const hasher = await createPrefixHasher(partial.file, parts.records, slots);
  const writeDirect = createDirectWrite(partial.openDirect, partial.file);
  const what = header.digest ?? "of unknown digest";
  let state: State = "open";
  /** Checkpoints run one after the other. */
  let settling: Promise<void> = Promise.resolve();
  const writing = new Set<Promise<void>>();
  const inOrder = createChunkOrder();

  function mustBeOpen(): void {
    if (state === "unwritten" || state === "unsynced") throw ingestLost(what, "writing it failed");
    if (state === "closed") throw new TypeError("the ingest is closed");
  }

  async function writePart(offset: number, bytes: Uint8Array): Promise<void> {
    await explaining(`write blob ${what}`, () => writeFully(partial.file, bytes, offset));
    noteWritten(offset, bytes);
  }

  /** Whole pages go past the page cache, and are never written any other way. */
  async function writeWhole(offset: number, bytes: Uint8Array): Promise<void> {
    const write = explaining(`write blob ${what}`, () => writeDirect(bytes, offset));
    const range = { start: offset, end: offset + bytes.length };
    await inOrder(range, write, () => noteWritten(offset, bytes));
  }

  function noteWritten(offset: number, bytes: Uint8Array): void {
    written.add(offset, bytes);
    hasher.written(offset, bytes);
  }

  async function settle(): Promise<void> {
    const records = written.take();
    if (records.length === 0) return;
    try {
      await partial.file.datasync();
    } catch (error) {
      // A failed sync is a failed file: the kernel may have dropped the pages and forgotten it.
      state = "unsynced";
      throw error;
    }
    try {
      // INV-10: recorded only now that the bytes are durable.
      if (!(await partial.record(records))) throw ingestLost(what, TAKEN_AWAY);
    } catch (error) {
      state = "unwritten";
      throw error;
    }
  }

  function checkpoint(): Promise<void> {
    settling = settling.then(() => explaining(`write blob ${what}`, settle));
    // Whoever waits for it sees the failure; maybe nobody does.
    settling.catch(() => {});
    return settling;
  }

  async function writeAt(offset: number, chunk: Uint8Array): Promise<void> {
    mustBeOpen();
    checkOffset(offset, chunk.length, header);
    const gaps = covered.missing({ start: offset, end: offset + chunk.length });
    await track(gaps, async () => {
      for (const { start, end } of gaps)
        await writePart(start, chunk.subarray(start - offset, end - offset));
    });
    await checkpointIfDue();
  }

  /** The same for bytes in a slot, which is released as soon as nobody needs it. */
  async function writeSlot(offset: number, slot: Slot, length: number): Promise<void> {
    let hashed = Promise.resolve();
    try {
      mustBeOpen();
      checkOffset(offset, length, header);
      const bytes = slot.bytes.subarray(0, length);
      const range = { start: offset, end: offset + length };
      const [gap] = covered.missing(range);
      if (gap?.start !== range.start || gap.end !== range.end) return await writeAt(offset, bytes);
      hashed = hasher.offer(offset, slot, length);
      await track([range], () => writeWhole(offset, bytes));
      await checkpointIfDue();
    } finally {
      void hashed.then(slot.release);
    }
  }

  /** Runs a write that fills gaps. */
  async function track(gaps: readonly ByteRange[], run: () => Promise<void>): Promise<void> {
    for (const gap of gaps) covered.add(gap);
    const write = run();
    writing.add(write);
    try {
      await write;
    } catch (error) {
      // The gaps count as covered but are not: nothing further can be trusted.
      if (state === "open") state = "unwritten";
      throw error;
    } finally {
      writing.delete(write);
    }
  }

  /** Whoever wrote waits for a checkpoint under way, slot in hand: however slow the disk, little is unrecorded. */
  async function checkpointIfDue(): Promise<void> {
    if (written.bytes >= CHECKPOINT_BYTES) void checkpoint();
    await settling;
  }

  async function close(): Promise<void> {
    if (state === "closed") return;
    await Promise.allSettled(writing);
    // One that was removed for a failed sync is not synced again.
    const settled =
      !partial.removed &&
      (await checkpoint().then(
        () => true,
        () => false,
      ));
    // What was recorded earlier is good unless a sync of the file failed since.
    const keep = !partial.removed && (settled || state === "unwritten");
    state = "closed";
    await hasher.close().catch(() => {});
    slots?.close();
    await (keep ? partial.release() : partial.remove());
  }

  return {
    size: header.size,
    restarted: parts.restarted,
    missing: () => missingRanges(covered, header.size),
    writeAt,
    buffers:
      slots === undefined
        ? undefined
        : createIngestBuffers({ slots, turn: (offset) => hasher.turn(offset), writeSlot }),
    hashedBytes: () => hasher.hashed(),
    async checkpoint() {
      mustBeOpen();
      await checkpoint();
    },
    async commit(options) {
      mustBeOpen();
      await Promise.all(writing);
      await settling;
      const size = header.size ?? covered.ranges.at(-1)?.end ?? 0;
      if (covered.missing({ start: 0, end: size }).length > 0) {
        throw sizeMismatch(size, covered.count(), header.digest);
      }
      if (written.bytes > RECORD_BEFORE_PUBLISH_BYTES) await checkpoint();
      const info = await explaining(`write blob ${what}`, async () => {
        const sources = { file: partial.file, written, records: parts.records, xxh64 };
        const chunks = await sumChunks(sources, size, options);
        // Last, because it cannot be done twice.
        const digest = await hasher.finish(size, options);
        return finishIngest(layout, parts, { digest, chunks }, options);
      });
      state = "closed";
      slots?.close();
      return info;
    },
    async discard() {
      if (state === "closed") return;
      state = "closed";
      await Promise.allSettled(writing);
      await hasher.close().catch(() => {});
      slots?.close();
      await partial.remove();
    },
    async [Symbol.asyncDispose]() {
      // Best effort: what could not be recorded is fetched again, and the caller has an error already.
      await close().catch(() => {});
    },
  };
}

function missingRanges(covered: RangeSet, size: number | undefined): readonly ByteRange[] {
  if (size !== undefined) return covered.missing({ start: 0, end: size });
  const end = covered.ranges.at(-1)?.end ?? 0;
  return [...covered.missing({ start: 0, end }), { start: end, end: Number.POSITIVE_INFINITY }];
}

function checkOffset(offset: number, length: number, { size, digest }: JournalHeader): void {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`not an offset: ${offset}`);
  if (size !== undefined && offset + length > size) {
    throw sourceTooLong(size, digest);
  }
}
