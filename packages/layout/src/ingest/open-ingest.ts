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
import { createDiskIngest, type DiskIngestParts } from "./disk-ingest.ts";
import { findEarlier } from "./find-earlier.ts";
import { hasPrecedence, type PrecedenceOptions } from "./has-precedence.ts";
import { heldIngest } from "./held-ingest.ts";
import { ingestedInfo } from "./ingested-info.ts";
import { countRecorded, type JournalHeader } from "./journal.ts";
import { createPartial } from "./partial.ts";
import { placeOf } from "./partial-place.ts";
import { type EarlierPartial, recordedBytes, takeOver } from "./take-over.ts";

/** So often a writer gives way to another before it goes on beside it. */
const GIVING_WAY_MAX = 5;

/** Opens the way in for one blob, continuing the best earlier attempt; see `BlobStore.ingest`. */
export async function openIngest(
  layout: Layout,
  target: IngestTarget,
  options: IngestOptions = {},
): Promise<Ingest> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  checkTarget(target);
  options.signal?.throwIfAborted();
  let isTold = false;
  const onWait = (): void => {
    if (!isTold) options.onWait?.();
    isTold = true;
  };
  for (let attempt = 1; ; attempt += 1) {
    const others = await waitForOthers(layout, target, { ...options, onWait });
    const { digest } = target;
    const present =
      digest === undefined ? undefined : await ensureVerified(layout, digest, options);
    if (digest !== undefined && present !== undefined)
      return heldIngest(ingestedInfo(digest, present));
    const taken = await takePartial(layout, target, options);
    // Bytes of unknown digest are nothing that others could find here afterwards.
    const mayGiveWay = digest !== undefined && others !== undefined && attempt < GIVING_WAY_MAX;
    if (!mayGiveWay || (await keepOrGiveWay(layout, target, taken, { ...options, others })))
      return fill(layout, taken);
  }
}

/** Answers whom not to wait for any longer; `undefined` where nobody is waited for. */
async function waitForOthers(
  layout: Layout,
  target: IngestTarget,
  options: IngestOptions,
): Promise<readonly string[] | undefined> {
  const { stallMs } = options;
  if (stallMs === undefined || stallMs <= 0) return undefined;
  const { digest } = target;
  const isThere = async (): Promise<boolean> =>
    digest !== undefined && (await ensureVerified(layout, digest, options)) !== undefined;
  return awaitWriter(layout, placeOf(layout, target), isThere, { ...options, stallMs });
}

/** Whether a partial is kept; one that gives way to another writer's is let go of. */
async function keepOrGiveWay(
  layout: Layout,
  target: IngestTarget,
  { partial, records }: TakenPartial,
  options: PrecedenceOptions,
): Promise<boolean> {
  let ours = false;
  try {
    const own = { directory: partial.directory, bytes: countRecorded(records) };
    ours = await hasPrecedence(layout, placeOf(layout, target), own, options);
  } finally {
    if (!ours) await (records.length === 0 ? partial.remove() : partial.release());
  }
  return ours;
}

export interface ContinueOptions {
  readonly resume?: boolean | undefined;
  /** The file under its name, for bytes that are to take its place. */
  readonly replaces?: WrongFile | undefined;
}

/** The same whether the blob is there or not, and whoever else writes it. */
export async function continueIngest(
  layout: Layout,
  target: IngestTarget,
  options: ContinueOptions = {},
): Promise<Ingest> {
  return fill(layout, await takePartial(layout, target, options));
}

/** A partial that is ours, and whose bytes are to be copied into it. */
interface TakenPartial extends DiskIngestParts {
  readonly copied: readonly EarlierPartial[];
}

async function takePartial(
  layout: Layout,
  target: IngestTarget,
  { resume = true, replaces }: ContinueOptions,
): Promise<TakenPartial> {
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
    if (taken !== undefined) return { header, ...taken, restarted: false, replaces, copied: [] };
  }
  const partial = await createPartial(layout, place.create(), header);
  const { usable: copied, changed: restarted } = found;
  return { header, partial, records: [], restarted, replaces, copied };
}

async function fill(layout: Layout, { copied, ...parts }: TakenPartial): Promise<Ingest> {
  const ingest = await createDiskIngest(layout, parts);
  await copyEarlier(layout, copied, ingest);
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
  return usable[0] === undefined ? 0 : countRecorded(usable[0].journal.records);
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
