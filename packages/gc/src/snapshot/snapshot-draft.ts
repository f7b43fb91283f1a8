import type { Digest } from "@store/layout";

import type { DigestTable } from "../digests/digest-table.ts";
import type { DanglingReference } from "../plan/gc-plan.ts";
import type { GcLease, GcPack, GcPin, Root } from "../ports.ts";
import type { GcSnapshot, ListedExpirable } from "./gc-snapshot.ts";
import { createReferenceTableBuilder } from "./reference-table.ts";
import { createUnneededTableBuilder, type UnneededTableBuilder } from "./unneeded-table.ts";

export interface DraftStart {
  readonly takenAtMs: number;
  readonly blobs: DigestTable;
  readonly trashed: Iterable<Digest>;
}

export interface DraftEnd {
  readonly unneeded: UnneededTableBuilder;
  /** Whether a blob that was not listed is there all the same: published since, or in the trash. */
  readonly appeared: (digest: Digest) => boolean;
  readonly packs: readonly GcPack[];
  readonly expirables: readonly ListedExpirable[];
}

/** A snapshot in the making: what was listed, being marked by what needs it. */
export interface SnapshotDraft {
  addLease(lease: GcLease): void;
  addPin(pin: GcPin): void;
  addRoot(root: Root): void;
  /** What roots need and the listing lacks, numbered, without what lies in the trash. */
  missing(): Iterable<readonly [number, Digest]>;
  /** The blobs nothing added so far needs, to be looked at one by one. */
  unneeded(): UnneededTableBuilder;
  finish(end: DraftEnd): GcSnapshot;
}

const REFERENCED = 1;
const LEASED = 2;
const PINNED = 4;
const TRASHED = 8;

export function createSnapshotDraft(start: DraftStart): SnapshotDraft {
  const { blobs } = start;
  const marks = new Uint8Array(blobs.size);
  const leases: GcLease[] = [];
  const pins: GcPin[] = [];
  const trashed = new Set(start.trashed);

  function mark(place: number, bit: number): void {
    if (place >= 0) marks[place] = (marks[place] as number) | bit;
  }
  const references = createReferenceTableBuilder(blobs, (place) => mark(place, REFERENCED));
  for (const digest of trashed) mark(blobs.indexOf(digest), TRASHED);

  return {
    addLease(lease) {
      if (!lease.live) return;
      leases.push(lease);
      for (const digest of lease.digests) mark(blobs.indexOf(digest), LEASED);
    },
    addPin(pin) {
      if (!pin.live) return;
      pins.push(pin);
      for (const digest of pin.digests) mark(blobs.indexOf(digest), PINNED);
    },
    addRoot: (root) => references.add(root),
    missing: () =>
      [...references.missing.keys()].filter((digest) => !trashed.has(digest)).entries(),
    unneeded: () => createUnneededTableBuilder(blobs, placesWithout(marks)),
    finish: (end) => ({
      takenAtMs: start.takenAtMs,
      blobs,
      references: references.build(),
      leases: leases.sort((a, b) => (a.id < b.id ? -1 : 1)),
      pins: pins.sort((a, b) => (a.subject < b.subject ? -1 : 1)),
      needed: countNeeded(marks),
      unneeded: end.unneeded.build(),
      dangling: listDangling(
        references.missing,
        (digest) => trashed.has(digest) || end.appeared(digest),
      ),
      trashed: [...trashed].sort(),
      packs: end.packs,
      expirables: end.expirables,
    }),
  };
}

/** Places without any mark, ascending. */
function placesWithout(marks: Uint8Array): Uint32Array {
  const count = marks.reduce((sum, bits) => sum + (bits === 0 ? 1 : 0), 0);
  const places = new Uint32Array(count);
  let next = 0;
  for (let place = 0; place < marks.length; place++) if (marks[place] === 0) places[next++] = place;
  return places;
}

function countNeeded(marks: Uint8Array): GcSnapshot["needed"] {
  let [referenced, leased, pinned] = [0, 0, 0];
  for (const bits of marks) {
    if ((bits & TRASHED) !== 0) continue;
    if ((bits & REFERENCED) !== 0) referenced += 1;
    else if ((bits & LEASED) !== 0) leased += 1;
    else if ((bits & PINNED) !== 0) pinned += 1;
  }
  return { referenced, leased, pinned };
}

function listDangling(
  missing: ReadonlyMap<Digest, readonly string[]>,
  isThere: (digest: Digest) => boolean,
): readonly DanglingReference[] {
  const dangling: DanglingReference[] = [];
  for (const [digest, names] of missing) {
    if (isThere(digest)) continue;
    for (const root of new Set(names)) dangling.push({ root, digest });
  }
  return dangling.sort((a, b) =>
    a.root === b.root ? (a.digest < b.digest ? -1 : 1) : a.root < b.root ? -1 : 1,
  );
}
