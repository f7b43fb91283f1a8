import type { IngestTarget } from "../blobs/blob-store.ts";
import type { Layout } from "../root/layout.ts";
import { countRecorded, type JournalHeader } from "./journal.ts";
import type { PartialPlace } from "./partial-place.ts";
import { type EarlierPartial, inspectPartial } from "./take-over.ts";

/** What earlier attempts at a target left. */
export interface Earlier {
  /** Most bytes first. */
  readonly usable: readonly EarlierPartial[];
  /** Whether one was set aside because the source has changed since. */
  readonly changed: boolean;
}

export async function findEarlier(
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
  const bytesOf = ({ journal }: EarlierPartial): number => countRecorded(journal.records);
  return { usable: usable.toSorted((a, b) => bytesOf(b) - bytesOf(a)), changed };
}

/** With a known digest any source will do; an unknown identity is only ever its own source's. */
const keyOf = (target: IngestTarget, header: JournalHeader): string | undefined =>
  target.digest === undefined ? target.key : header.key;
