import type { Ingest, IngestOptions, IngestTarget } from "../blobs/blob-store.ts";
import { ensureVerified } from "../blobs/ensure-verified.ts";
import { ensureRoom } from "../blobs/free-space.ts";
import { sizeMismatch } from "../blobs/blob-errors.ts";
import { EMPTY_DIGEST } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { WrongFile } from "../repair/wrong-file.ts";
import type { Layout } from "../root/layout.ts";
import { awaitWriter } from "./await-writer.ts";
import { createDiskIngest } from "./disk-ingest.ts";
import { ingestedInfo } from "./ingested-info.ts";
import type { JournalHeader } from "./journal.ts";
import { heldIngest } from "./held-ingest.ts";
import { createPartial } from "./partial.ts";
import { type PartialPlace, placeOf } from "./partial-place.ts";
import { type EarlierPartial, inspectPartial, recordedBytes, takeOver } from "./take-over.ts";

/** Opens the way in for one blob, continuing the best earlier attempt; see `BlobStore.ingest`. */
export async function openIngest(
  layout: Layout,
  target: IngestTarget,
  options: IngestOptions = {},
): Promise<Ingest> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  checkTarget(target);
  options.signal?.throwIfAborted();
  const place = placeOf(layout, target);
  const { digest } = target;
  if (options.stallMs !== undefined && options.stallMs > 0) {
    const isThere = async (): Promise<boolean> =>
      digest !== undefined && (await ensureVerified(layout, digest, options)) !== undefined;
    await awaitWriter(layout, place, isThere, { ...options, stallMs: options.stallMs });
  }
  const present = digest === undefined ? undefined : await ensureVerified(layout, digest, options);
  if (digest !== undefined && present !== undefined)
    return heldIngest(ingestedInfo(digest, present));
  return continueIngest(layout, target, { resume: options.resume });
}

export interface ContinueOptions {
  readonly resume?: boolean | undefined;
  /** The file under its name, for bytes that are to take its place. */
  readonly replaces?: WrongFile | undefined;
}

/** The same whether the blob is there or not. */
export async function continueIngest(
  layout: Layout,
  target: IngestTarget,
  { resume = true, replaces }: ContinueOptions = {},
): Promise<Ingest> {
  const place = placeOf(layout, target);
  const found = resume ? await findEarlier(layout, place, target) : { usable: [], changed: false };
  const header: JournalHeader = {
    digest: target.digest,
    size: target.size ?? found.usable[0]?.journal.header.size,
    key: target.key,
    validator: target.validator,
  };
  for (const earlier of found.usable) {
    const taken = await takeOver(layout, earlier, place.create(), header);
    if (taken === undefined) continue;
    const ingest = await createDiskIngest(layout, { header, ...taken, restarted: false, replaces });
    return roomFor(layout, ingest);
  }
  const partial = await createPartial(layout, place.create(), header);
  const ingest = await createDiskIngest(layout, {
    header,
    partial,
    records: [],
    restarted: found.changed,
    replaces,
  });
  await copyEarlier(layout, found.usable, ingest);
  return roomFor(layout, ingest);
}

/**
 * Bytes that interrupted transfers of a target left on disk, as the fullest of their journals says.
 * Only looks: nothing is taken over, and the bytes are not checked, so an ingest may find less.
 */
export async function countPartialBytes(layout: Layout, target: IngestTarget): Promise<number> {
  const { usable } = await explaining("look for interrupted transfers", () =>
    findEarlier(layout, placeOf(layout, target), target),
  );
  return usable[0] === undefined ? 0 : recordedCount(usable[0]);
}

function checkTarget({ digest, size, key, validator }: IngestTarget): void {
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 0))
    throw new RangeError(`not a size: ${size}`);
  if (digest !== undefined && size !== undefined && (digest === EMPTY_DIGEST) !== (size === 0)) {
    throw sizeMismatch(size, undefined, digest);
  }
  for (const text of [key, validator]) {
    if (text !== undefined && text.length > 4096)
      throw new RangeError("key or validator over 4096 characters");
  }
}

interface Earlier {
  /** Most bytes first. */
  readonly usable: readonly EarlierPartial[];
  /** Whether one was set aside because the source has changed since. */
  readonly changed: boolean;
}

async function findEarlier(
  layout: Layout,
  place: PartialPlace,
  target: IngestTarget,
): Promise<Earlier> {
  if (target.digest === undefined && target.key === undefined)
    return { usable: [], changed: false };
  const usable: EarlierPartial[] = [];
  let changed = false;
  for (const directory of await place.list()) {
    const earlier = await inspectPartial(layout, directory);
    if (earlier === undefined) continue;
    const { header } = earlier.journal;
    if (header.digest !== target.digest || header.key !== keyOf(target, header)) continue;
    // One digest has one size: a source that says otherwise gets its own partial, and these ranges
    // stay for one that agrees.
    if (target.size !== undefined && header.size !== undefined && header.size !== target.size)
      continue;
    if (target.digest === undefined && header.validator !== target.validator) changed = true;
    else usable.push(earlier);
  }
  return { usable: usable.toSorted((a, b) => recordedCount(b) - recordedCount(a)), changed };
}

/** With a known digest any source will do; an unknown identity is only ever its own source's. */
const keyOf = (target: IngestTarget, header: JournalHeader): string | undefined =>
  target.digest === undefined ? target.key : header.key;

const recordedCount = ({ journal }: EarlierPartial): number =>
  journal.records.reduce((sum, { start, end }) => sum + end - start, 0);

/** Takes what a partial that may still be in use has on record, leaving it alone. */
async function copyEarlier(
  layout: Layout,
  usable: readonly EarlierPartial[],
  ingest: Ingest,
): Promise<void> {
  try {
    for (const earlier of usable) {
      if ((await ifPresent(layout.fs.lstat(earlier.directory))) === undefined) continue;
      for await (const { offset, bytes } of recordedBytes(layout, earlier)) {
        await ingest.writeAt(offset, bytes);
      }
    }
  } catch (error) {
    await ingest[Symbol.asyncDispose]();
    throw error;
  }
}

async function roomFor(layout: Layout, ingest: Ingest): Promise<Ingest> {
  try {
    const open = ingest.missing().filter(({ end }) => Number.isFinite(end));
    await ensureRoom(
      layout,
      open.reduce((sum, { start, end }) => sum + end - start, 0),
    );
    return ingest;
  } catch (error) {
    await ingest[Symbol.asyncDispose]();
    throw error;
  }
}
