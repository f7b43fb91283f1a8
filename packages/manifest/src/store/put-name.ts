import {
  ifPresent,
  isStoreError,
  type Descriptor,
  type Digest,
  type FsStat,
  type Lease,
  type StoreError,
} from "@store/layout";

import { decodeManifest } from "../document/decode-manifest.ts";
import { referencedDigests } from "../document/referenced-digests.ts";
import type { Name } from "../name/name.ts";
import type { LinkOptions } from "./manifest-store.ts";
import { twinOf } from "./name-conflicts.ts";
import { type FileState, readState, syncNameFile, writeNameFile } from "./name-file.ts";
import type { NameSlot } from "./name-finder.ts";
import { refuseChanged } from "./refuse-changed.ts";
import type { StoreContext } from "./store-context.ts";
import { blobMissing, manifestChanged, nameConflict } from "./store-errors.ts";
import { isSameFile, withdrawName } from "./withdraw-name.ts";

/** A manifest whose blobs were all there a moment ago (P2). */
export interface PreparedName {
  readonly name: Name;
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  /** The manifest's own blob, if it is one. */
  readonly own: readonly Digest[];
  /** Everything below it. */
  readonly needed: readonly Digest[];
  readonly lease: Lease;
}

/** So often a name may appear and go again under our hands; then we replace what is there. */
const CREATIONS_MAX = 8;

/**
 * P3 and P4. Once P3 has begun no signal is looked at: a name that became visible must get its
 * second look.
 *
 * A name that was not there is created and never replaced: who made it meanwhile may rely on it,
 * and would lose it if we had to withdraw ours.
 */
export async function putName(
  context: StoreContext,
  prepared: PreparedName,
  options: LinkOptions,
  creations: number = CREATIONS_MAX,
): Promise<void> {
  const { layout, finder } = context;
  const { name, bytes, descriptor } = prepared;
  const slot = await finder.slotFor(name);
  const before = slot.exists ? await readState(layout, slot.path) : undefined;
  // Gone between the two looks. Who makes it again must look for other spellings, as for any new one.
  if (before?.isThere === false && creations > 0)
    return putName(context, prepared, options, creations - 1);
  refuseChanged(name, options.ifMatch, before);
  const conflict = await findConflict(context, name, slot, options);
  if (conflict !== undefined) throw conflict;
  options.signal?.throwIfAborted();

  if (before?.digest === descriptor.digest) {
    if (!(await syncNameFile(layout, slot, bytes)))
      return putName(context, prepared, options, Math.max(creations - 1, 0));
    const missing = await findMissing(context, prepared); // P4
    if (missing !== undefined) throw blobMissing(name, missing);
    return;
  }
  await leaseFormer(prepared.lease, before);
  const replace = slot.exists || (creations === 0 && options.ifMatch !== null);
  // From here until the file system says that somebody else was first, what is shown may be this.
  let shown: FsStat | undefined;
  const beforeNaming = async (file: FsStat): Promise<void> => {
    if (typeof options.ifMatch === "string")
      refuseChanged(name, options.ifMatch, await readState(layout, slot.path));
    shown = file;
  };
  try {
    if (await writeNameFile(layout, slot, bytes, { replace, beforeNaming })) {
      // P3
      const problem = await lookAgain(context, prepared, slot, options); // P4
      if (problem !== undefined) throw problem;
      return;
    }
  } catch (error) {
    // A step that failed may have shown the name, and a look that failed has seen nothing.
    if (shown !== undefined) await withdrawName(layout, { ...prepared, slot, before, shown });
    throw error;
  }
  if (options.ifMatch === null)
    throw manifestChanged(name, null, (await readState(layout, slot.path)).digest);
  await putName(context, prepared, options, creations - 1);
}

/** The existing name that a new one must not stand beside. */
async function findConflict(
  { finder }: StoreContext,
  name: Name,
  slot: NameSlot,
  { force = false }: LinkOptions,
): Promise<StoreError | undefined> {
  if (slot.exists) return undefined;
  if (slot.rival !== undefined) return nameConflict(name, slot.rival);
  const twin = force ? undefined : twinOf(name);
  const existing = twin === undefined ? undefined : await finder.find(twin);
  return existing === undefined ? undefined : nameConflict(name, existing.name);
}

/** If the new manifest has to be withdrawn, the old one comes back and needs its blobs. */
async function leaseFormer(lease: Lease, before: FileState | undefined): Promise<void> {
  if (before?.bytes === undefined) return;
  try {
    await lease.add(referencedDigests(decodeManifest(before.bytes)));
  } catch (error) {
    // A damaged manifest names nothing that could be kept for it.
    if (!isStoreError(error) || (error.kind !== "corrupt" && error.kind !== "unsupported"))
      throw error;
  }
}

/** The second look: at the blobs, and at the names that another writer may have made beside ours. */
async function lookAgain(
  context: StoreContext,
  prepared: PreparedName,
  slot: NameSlot,
  options: LinkOptions,
): Promise<StoreError | undefined> {
  const { name } = prepared;
  if (!slot.exists) {
    // Two writers that see each other both give way: a name that never was is better than two.
    const rival = await findRival(context, name, slot);
    const conflict = await findConflict(context, name, { ...slot, rival }, options);
    if (conflict !== undefined) return conflict;
  }
  const missing = await findMissing(context, prepared);
  return missing === undefined ? undefined : blobMissing(name, missing);
}

/** Another spelling of a name that we made just now, with a file of its own. */
async function findRival(
  { layout, finder }: StoreContext,
  name: Name,
  slot: NameSlot,
): Promise<Name | undefined> {
  const others = (await finder.findOthers(name)).filter(({ path }) => path !== slot.path);
  if (others.length === 0) return undefined;
  const own = await ifPresent(layout.fs.lstat(slot.path));
  for (const other of others) {
    // Where case does not count, our file answers to every spelling.
    const stat = await ifPresent(layout.fs.lstat(other.path));
    if (stat === undefined) continue;
    if (own === undefined || !isSameFile(stat, own)) return other.name;
  }
  return undefined;
}

/** The first digest whose blob is gone. The manifest's own is put back: its bytes are at hand. */
async function findMissing(
  { blobs }: StoreContext,
  { own, needed, bytes }: PreparedName,
): Promise<Digest | undefined> {
  for (const digest of own) await blobs.put({ digest, size: bytes.length }, bytes);
  for (const digest of [...own, ...needed]) {
    if ((await blobs.ensureVerified(digest)) === undefined) return digest;
  }
  return undefined;
}
