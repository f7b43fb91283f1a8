import { type AbortOptions, type Digest, isStoreError, type ProgressOptions } from "@store/layout";

import { createPackWriter } from "../chkl/create-pack-writer.ts";
import { READ_ENTRY_BYTES_MAX } from "../chkl/open-pack.ts";
import { packDirectoryOf, type PackHome } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { PackReader } from "../chkl/pack-reader.ts";
import type { FinishedPack } from "../chkl/pack-writer.ts";
import { sortSliced } from "../loop/sort-sliced.ts";
import { finishInTurns, type Sliced, turns, visitSliced } from "../loop/turns.ts";
import { readBack } from "../move/read-back.ts";
import { retirePacks } from "../trash/retire-packs.ts";
import { rescueIndex } from "../trash/rescue-index.ts";
import { isWhole } from "../trash/trash-pack.ts";
import type { RepackPlan } from "./repack-plan.ts";
import { createSources, type Sources } from "./sources.ts";

export interface RepackEvent {
  readonly kind: "written";
  readonly pack: FinishedPack;
}

export interface ApplyRepackOptions extends AbortOptions, ProgressOptions<RepackEvent> {
  /**
   * Asks, at the moment it is called, which of some digests a lease, a pin or a name needs (D2). It
   * is called after the indexes of the packs to delete got their trash names; a pack that holds
   * anything it answers stays.
   */
  readonly lookAgain: (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>;
}

export interface RepackReport {
  readonly written: readonly FinishedPack[];
  readonly deleted: readonly PackId[];
  /** Packs that were to go and stay, each with what is in the way. */
  readonly kept: readonly { readonly id: PackId; readonly why: "damaged" | "needed" }[];
  /** Bytes of the deleted packs' data less those written; may be negative. */
  readonly freedBytes: number;
}

/**
 * Carries a plan out. Frames are copied as they are, each decoded and hashed on the way; the new
 * packs are opened and read back, and so is whatever a kept pack is relied on for. Only then the old
 * packs go, through D1–D4. Whether a blob has a loose file plays no part: that may be on its way
 * into one of these packs.
 *
 * A pack that has gone since the plan was made is passed over, and one that holds a damaged object
 * stays.
 */
export async function applyRepack(
  home: PackHome,
  plan: RepackPlan,
  options: ApplyRepackOptions,
): Promise<RepackReport> {
  const directory = packDirectoryOf(home);
  if (directory.readOnly !== undefined) throw directory.readOnly;
  await using sources = createSources(home, options);
  const places = new Map<Digest, PackId>();
  const written: FinishedPack[] = [];
  for (const write of plan.writes) {
    const pack = await copyFrames(home, write, sources, options);
    if (pack === undefined) continue;
    written.push(pack);
    options.onProgress?.({ kind: "written", pack });
    const digests = write.objects.map(({ digest }) => digest);
    await prove(home, pack.id, digests, places, options);
  }
  for (const [id, digests] of groupRelied(plan)) await prove(home, id, digests, places, options);

  const moved = await finishInTurns(digestsMoved(plan));
  const going: PackReader[] = [];
  const kept: { id: PackId; why: "damaged" | "needed" }[] = [];
  for (const id of plan.deletes) {
    const pack = await sources.open(id);
    if (pack === undefined) continue;
    const isMoved = await every(pack, (digest) => !moved.has(digest) || places.has(digest));
    if (!isMoved || pack.identifiedCount !== pack.count) kept.push({ id, why: "damaged" });
    // What was to replace it came out the same.
    else if (written.some((one) => one.id === id)) kept.push({ id, why: "needed" });
    // A sweep that died may have left its index under a trash name.
    else if (await rescueIndex(directory, id)) going.push(pack);
  }
  const deleted = await retirePacks(
    directory,
    going.map(({ id }) => id),
    (trashed) => judge(going.filter(({ id }) => trashed.has(id))),
  );
  for (const { id } of going) if (!deleted.includes(id)) kept.push({ id, why: "needed" });
  const freed = going.filter(({ id }) => deleted.includes(id)).map(({ size }) => size);
  const cost = written.filter(({ existed }) => !existed).map(({ size }) => size);
  return { written, deleted, kept, freedBytes: sum(freed) - sum(cost) };

  /** INV-4: everything asked here is asked after D1. */
  async function judge(packs: readonly PackReader[]): Promise<ReadonlySet<PackId>> {
    const visible = new Set<PackId>();
    for (const id of new Set(places.values())) if (await isWhole(directory, id)) visible.add(id);
    const dropped = await finishInTurns(digestsDropped(packs, moved));
    const needed = dropped.length === 0 ? new Set<Digest>() : await options.lookAgain(dropped);
    const isElsewhere = (digest: Digest): boolean => {
      const place = places.get(digest);
      return place !== undefined && visible.has(place);
    };
    const mayGo = (digest: Digest): boolean =>
      moved.has(digest) ? isElsewhere(digest) : !needed.has(digest);
    const free = new Set<PackId>();
    for (const pack of packs) if (await every(pack, mayGo)) free.add(pack.id);
    return free;
  }
}

/** Writes one pack of the plan; what cannot be copied is left out, and its pack then stays. */
async function copyFrames(
  home: PackHome,
  write: RepackPlan["writes"][number],
  sources: Sources,
  options: ApplyRepackOptions,
): Promise<FinishedPack | undefined> {
  // What another tool has packed may be larger than what we would pack.
  await using writer = createPackWriter(home, { entryBytesMax: READ_ENTRY_BYTES_MAX });
  for (const object of write.objects) {
    options.signal?.throwIfAborted();
    const pack = await sources.open(object.pack);
    if (pack === undefined) continue;
    try {
      await writer.addFrame(object.key, await pack.readFrame(object, options), object);
    } catch (error) {
      if (!isStoreError(error) || error.kind !== "corrupt") throw error;
    }
  }
  if (writer.count === 0) return undefined;
  return await writer.finish({ signal: options.signal });
}

/** Notes where objects were found whole. */
async function prove(
  home: PackHome,
  id: PackId,
  digests: readonly Digest[],
  places: Map<Digest, PackId>,
  options: AbortOptions,
): Promise<void> {
  const { proven } = await readBack(home, id, digests, options);
  for (const digest of proven) places.set(digest, id);
}

function groupRelied({ relied }: RepackPlan): ReadonlyMap<PackId, readonly Digest[]> {
  const groups = new Map<PackId, Digest[]>();
  for (const { digest, pack } of relied) {
    const group = groups.get(pack) ?? [];
    groups.set(pack, group);
    group.push(digest);
  }
  return groups;
}

/** What is to be had elsewhere once the plan is carried out. */
function* digestsMoved({ writes, relied }: RepackPlan): Sliced<ReadonlySet<Digest>> {
  const moved = new Set<Digest>();
  for (const { objects } of writes) {
    yield* visitSliced(objects, ({ digest }) => moved.add(digest));
  }
  yield* visitSliced(relied, ({ digest }) => moved.add(digest));
  return moved;
}

/** What packs hold beside that, ascending. */
function* digestsDropped(
  packs: readonly PackReader[],
  moved: ReadonlySet<Digest>,
): Sliced<readonly Digest[]> {
  const dropped = new Set<Digest>();
  for (const pack of packs) {
    yield* visitSliced(pack.objects(), ({ digest }) => {
      if (!moved.has(digest)) dropped.add(digest);
    });
  }
  return yield* sortSliced([...dropped], (a, b) => (a < b ? -1 : 1));
}

async function every(pack: PackReader, holds: (digest: Digest) => boolean): Promise<boolean> {
  for (const { digest } of pack.objects()) {
    if (!holds(digest)) return false;
    if (turns.isOver()) await turns.pause();
  }
  return true;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
