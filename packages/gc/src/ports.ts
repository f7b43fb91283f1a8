// What a sweep needs of a store. Each port is the smallest that does; the stores of the sibling
// packages fit them as they are.

import type { AbortOptions, Digest } from "@store/layout";

/** A name and everything it needs. A digest named twice by one root is one reference. */
export interface Root {
  readonly name: string;
  readonly digests: readonly Digest[];
}

export interface GcBlobInfo {
  /** Bytes. */
  readonly size: number;
  /** When it was added: wall-clock milliseconds. Foreign files may carry any value. */
  readonly addedAtMs: number;
  /** Whether its last name was removed on purpose, so that it need not wait. */
  readonly released: boolean;
}

/** A blob under its trash name. Both methods succeed if somebody else was first. */
export interface GcTrashed {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** D3: gives the blob its final name back, if nobody else did. */
  restore(): Promise<void>;
  /** D4: unlinks the trash name. `false` if a reader has given the blob its name back. */
  destroy(): Promise<boolean>;
}

export interface GcTrashNotice {
  /** Called when all that was moved aside is settled. */
  withdraw(): Promise<void>;
}

export interface GcBlobs {
  /** Every digest that may be present, in any order. */
  list(options?: AbortOptions): AsyncIterable<Digest>;
  stat(digest: Digest, options?: AbortOptions): Promise<GcBlobInfo | undefined>;
  /**
   * Says what is about to be moved aside, so that the next sweep finds it should this one die. Absent
   * where each `trash` sees to that by itself, or nothing has to.
   */
  announceTrash?(digests: readonly Digest[]): Promise<GcTrashNotice>;
  /** D1: moves the blob to the trash name of this sweep; `undefined` if it is not there. */
  trash(digest: Digest, sweep: string, notice?: GcTrashNotice): Promise<GcTrashed | undefined>;
  /** Trash names that an interrupted sweep left behind. */
  listTrash(options?: AbortOptions): AsyncIterable<GcTrashed>;
}

export interface GcLease {
  readonly id: string;
  readonly digests: readonly Digest[];
  /** Shown by `explain`: what the holder is doing. */
  readonly reason: string;
  /** Whether it still protects. */
  readonly live: boolean;
}

export interface GcLeases {
  list(options?: AbortOptions): AsyncIterable<GcLease>;
}

export interface GcPin {
  /** The name or digest that somebody asked to be kept. */
  readonly subject: string;
  readonly digests: readonly Digest[];
  /** Shown by `explain`. */
  readonly reason: string;
  /** Whether it still holds: its end, if it has one, has not come. */
  readonly live: boolean;
}

/** Blobs to be kept whether a name needs them or not. One that cannot be read must throw. */
export interface GcPins {
  list(options?: AbortOptions): AsyncIterable<GcPin>;
}

/** Since when sweeps have seen a blob unreferenced: wall-clock milliseconds by digest. */
export type OrphanRecords = Iterable<readonly [Digest, number]>;

/** What sweeps remember of each other. Losing it costs time, never a byte. */
export interface GcOrphans {
  read(): Promise<OrphanRecords>;
  /** Replaces what was there. May keep fewer records than given, the oldest first. */
  write(records: OrphanRecords): Promise<void>;
}

export interface GcPack {
  readonly id: string;
  /** Everything the pack holds. */
  readonly digests: readonly Digest[];
}

/** Asks, at the moment it is called, which of some digests a lease, a pin or a name needs. */
export type LookAgain = (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>;

export interface DropOptions extends AbortOptions {
  /**
   * The second look (D2). The pack store calls it after the pack's index got its trash name and
   * before that name is unlinked, and keeps the pack if it answers anything at all.
   */
  readonly lookAgain: LookAgain;
}

export interface GcPacks {
  list(options?: AbortOptions): AsyncIterable<GcPack>;
  /**
   * Rewrites a pack without some of its objects: publishes what stays first, then takes the old
   * pack through D1–D4. Refuses an id it would not list.
   *
   * @returns bytes freed; 0 if the pack was kept
   */
  drop(id: string, digests: readonly Digest[], options: DropOptions): Promise<number>;
}

export interface Expirable {
  readonly id: string;
  /** Time since it was last of use. A negative age counts as young. */
  readonly ageMs: number;
  readonly bytes: number;
}

export interface ListExpirablesOptions extends AbortOptions {
  /** Digests that a snapshot saw listed, and found nothing under. */
  readonly absent?: readonly Digest[] | undefined;
}

/** One kind of thing that goes by age: partials, quarantine, dead leases. */
export interface Expirables {
  /** The word a policy knows it by: `partial`, `quarantine`, `lease`. One provider for each. */
  readonly kind: string;
  list(options?: ListExpirablesOptions): AsyncIterable<Expirable>;
  /** Idempotent. Refuses an id it would not list, and spares what came to life since it did. */
  remove(id: string): Promise<void>;
}

/** A lock file of another tool that a process holds right now. */
export interface ForeignLock {
  readonly path: string;
  /** `undefined` where the system does not say who. */
  readonly pid: number | undefined;
}

export interface GcPorts {
  readonly blobs: GcBlobs;
  /**
   * Every name there is. An unreadable or invalid one must throw: leaving it out would hand
   * everything it needs to the sweep.
   */
  roots(options?: AbortOptions): AsyncIterable<Root>;
  readonly leases: GcLeases;
  /** Only spares two sweeps the same work; nothing relies on it. */
  withSweepLock<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Wall-clock milliseconds. */
  now(): number;
  readonly pins?: GcPins | undefined;
  /** Without it no orphan ever grows old, and only released blobs go. */
  readonly orphans?: GcOrphans | undefined;
  readonly packs?: GcPacks | undefined;
  readonly expirables?: readonly Expirables[] | undefined;
  /**
   * Whether a tool that takes no lease is at work in the store. Then nothing is deleted now. It only
   * makes a race rarer that such a tool can lose; nothing relies on it.
   */
  foreignLock?(): Promise<ForeignLock | undefined>;
}
