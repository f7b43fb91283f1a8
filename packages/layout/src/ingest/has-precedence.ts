import type { AbortOptions } from "../abort-options.ts";
import type { Layout } from "../root/layout.ts";
import { livingPartials, pauseForLook } from "./await-writer.ts";
import { countRecorded } from "./journal.ts";
import type { PartialPlace } from "./partial-place.ts";
import { inspectPartial } from "./take-over.ts";

/** A partial, and how far it is. */
export interface PartialExtent {
  readonly directory: string;
  /** Bytes of it that are on record. */
  readonly bytes: number;
}

export interface PrecedenceOptions extends AbortOptions {
  /** Partials that make no progress and are not waited for. */
  readonly others: readonly string[];
}

/**
 * Whether to go on with a partial, or to let go of it for another writer of the same target. Who
 * begins at the same instant finds nobody before making a directory, but every directory is made
 * before its maker looks here, so at least one of two sees the other: it gives way to one that has
 * more, or the smaller name. Where it need not, the other will give way, unless it was there first
 * and does not look any more: then this one does, if it has no more than the other.
 *
 * That both give way is possible where one is very slow; nothing but time is lost then.
 */
export async function hasPrecedence(
  layout: Layout,
  place: PartialPlace,
  own: PartialExtent,
  { others: idle, ...options }: PrecedenceOptions,
): Promise<boolean> {
  const known = new Set([...idle, own.directory]);
  async function findOthers(): Promise<readonly PartialExtent[]> {
    const directories = await livingPartials(layout, place);
    return Promise.all(
      directories
        .filter((directory) => !known.has(directory))
        .map(async (directory) => {
          const earlier = await inspectPartial(layout, directory);
          return { directory, bytes: countRecorded(earlier?.journal.records ?? []) };
        }),
    );
  }

  const others = await findOthers();
  if (others.length === 0) return true;
  const isAhead = ({ directory, bytes }: PartialExtent): boolean =>
    bytes > own.bytes || (bytes === own.bytes && directory < own.directory);
  if (others.some(isAhead)) return false;
  await pauseForLook(options);
  // One with less that does not look any more must not cost what is on record here.
  return (await findOthers()).every(({ bytes }) => bytes < own.bytes);
}
