import { join } from "node:path";

import {
  type AbortOptions,
  asStoreError,
  type Digest,
  explaining,
  type Finding,
  isStoreError,
  type StoreError,
} from "@store/layout";

import type { OpenedPack } from "../chkl/create-pack-reader.ts";
import { openPackIn, type PackLimits } from "../chkl/open-pack.ts";
import { findingOf } from "../chkl/pack-error.ts";
import type { PackDirectory } from "../chkl/pack-home.ts";
import { type PackFileKind, packFileName, type PackId } from "../chkl/pack-id.ts";
import { rescueIndex } from "../trash/rescue-index.ts";
import { isWhole } from "../trash/trash-pack.ts";
import { identifyPacks, NO_PACKS, type Place } from "./identified-packs.ts";
import { isSameListing, listPackFiles, type PackListing } from "./list-packs.ts";

/** The packs of a directory that could be opened, kept in step with it on demand. */
export interface PackShelf {
  /** Ascending by id. */
  readers(): readonly OpenedPack[];
  /** Why other packs, or sidecars, could not be used. */
  problems(): readonly Finding[];
  /** Every pack that holds a digest, ascending by id, and its first row with it. */
  placesOf(digest: Digest): readonly Place[];
  /** Looks at the directory again. */
  refresh(options?: AbortOptions): Promise<void>;
  /**
   * Whether a pack exists on disk now, whatever is in memory. One that is being taken away is given
   * back: whoever asks is about to rely on it.
   */
  exists(id: PackId): Promise<boolean>;
  close(): Promise<void>;
}

/** A pack as the last look left it. */
interface Known {
  readonly reader: OpenedPack | undefined;
  /** Why it, or its sidecar, cannot be used. */
  readonly error: StoreError | undefined;
  readonly hasSidecar: boolean;
  /** What its files looked like when `error` was found. */
  readonly signature: string;
}

/** Packs opened at a time: enough to hide the latency of a disk, few enough to bound memory. */
const OPEN_CONCURRENCY = 8;

/** Looks at a directory that others change all the time. What is missed then is there next time. */
const LOOKS_MAX = 100;

export function createPackShelf(directory: PackDirectory, limits: PackLimits): PackShelf {
  const { fs, dir } = directory;
  let known: ReadonlyMap<PackId, Known> = new Map();
  let readers: readonly OpenedPack[] = [];
  let identified = NO_PACKS;

  const pathOf = (id: PackId, kind: PackFileKind): string => join(dir, packFileName(id, kind));

  /** Tells whether a file that could not be used has been replaced since. */
  async function signatureOf(id: PackId): Promise<string> {
    const stats = (["dat", "idx", "ids"] as const).map(async (kind) => {
      const { inode, size, mtimeMs } = await fs.lstat(pathOf(id, kind));
      return `${inode}.${size}.${mtimeMs}`;
    });
    // A file that is missing, or that the system says nothing about, is a sign like any other.
    const signs = await Promise.allSettled(stats);
    return signs.map((sign) => (sign.status === "fulfilled" ? sign.value : "-")).join(" ");
  }

  /** Opens a pack. One that was open before and cannot be opened now stays open: it is the same. */
  async function open(
    id: PackId,
    hasSidecar: boolean,
    before: Known | undefined,
  ): Promise<Known | undefined> {
    const signature = await signatureOf(id);
    try {
      const reader = await openPackIn(directory, id, limits);
      return { reader, error: reader.identityError, hasSidecar, signature };
    } catch (thrown) {
      const error = asStoreError(thrown, `open pack ${id}`);
      if (!isStoreError(error)) throw error;
      // It was deleted between the listing and now.
      if (error.code === "ERR_STORE_PACK_NOT_FOUND") return undefined;
      return { reader: before?.reader, error, hasSidecar, signature };
    }
  }

  async function isCurrent(id: PackId, before: Known, hasSidecar: boolean): Promise<boolean> {
    if (before.error === undefined) return before.hasSidecar || !hasSidecar;
    // Damage stays until somebody replaces the file; anything else may pass by itself.
    const lasts = before.error.kind === "corrupt" || before.error.kind === "unsupported";
    return lasts && (await signatureOf(id)) === before.signature;
  }

  /**
   * Opens what is listed until a second listing agrees with the first: one alone can miss a pack
   * that takes the place of another meanwhile.
   */
  async function look(next: Map<PackId, Known>, signal: AbortSignal | undefined): Promise<void> {
    let listed = await listPackFiles(directory);
    for (let attempt = 0; attempt < LOOKS_MAX; attempt += 1) {
      await openListed(listed, next, signal);
      const again = await listPackFiles(directory);
      if (isSameListing(listed, again)) return;
      listed = again;
    }
  }

  async function openListed(
    listed: PackListing,
    next: Map<PackId, Known>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const there = [...listed].filter(([, kinds]) => kinds.has("idx"));
    for (const [id, { reader }] of next) {
      if (listed.get(id)?.has("idx") === true) continue;
      next.delete(id);
      if (reader !== undefined && !readers.includes(reader)) await reader[Symbol.asyncDispose]();
    }
    for (let start = 0; start < there.length; start += OPEN_CONCURRENCY) {
      signal?.throwIfAborted();
      const some = there.slice(start, start + OPEN_CONCURRENCY).map(async ([id, kinds]) => {
        const before = next.get(id) ?? known.get(id);
        const hasSidecar = kinds.has("ids");
        const current = before !== undefined && (await isCurrent(id, before, hasSidecar));
        const pack = current ? before : await open(id, hasSidecar, before);
        if (pack !== undefined) next.set(id, pack);
      });
      const failed = (await Promise.allSettled(some)).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    }
  }

  async function refresh({ signal }: AbortOptions = {}): Promise<void> {
    const next = new Map<PackId, Known>();
    try {
      await look(next, signal);
    } catch (error) {
      // The state stays as it was; what was opened for the new one goes.
      const opened = [...next.values()].flatMap(({ reader }) => reader ?? []);
      const before = new Set(readers);
      for (const reader of opened) if (!before.has(reader)) await reader[Symbol.asyncDispose]();
      throw error;
    }
    await adopt(new Map([...next].toSorted(([a], [b]) => (a < b ? -1 : 1))));
  }

  /** Makes a finished look the state, and closes what is no longer in it. */
  async function adopt(next: ReadonlyMap<PackId, Known>): Promise<void> {
    const opened = [...next.values()].flatMap(({ reader }) => reader ?? []);
    const named = await identifyPacks(opened, identified);
    const dropped = readers.filter((reader) => next.get(reader.id)?.reader !== reader);
    [known, readers, identified] = [next, opened, named];
    for (const reader of dropped) await reader[Symbol.asyncDispose]();
  }

  return {
    readers: () => readers,
    placesOf: (digest) => identified.placesOf(digest),
    problems: () =>
      [...known].flatMap(([id, { error }]) => (error === undefined ? [] : findingOf(error, id))),
    refresh: (abort) => explaining("look at the packs", () => refresh(abort)),
    exists: (id) =>
      explaining(`look for pack ${id}`, async () => {
        return (await isWhole(directory, id)) || (await rescueIndex(directory, id));
      }),
    close: () => adopt(new Map()),
  };
}
