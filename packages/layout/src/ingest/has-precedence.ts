import type { AbortOptions } from "../abort-options.ts";
import type { Layout } from "../root/layout.ts";
import { livingPartials, pauseForLook } from "./await-writer.ts";
import { countRecorded } from "./journal.ts";
import type { PartialPlace } from "./partial-place.ts";
import { inspectPartial } from "./take-over.ts";

/** A partial just made or taken over. */
export interface OwnPartial {
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
 * and does not look any more.
 *
 * That both give way is possible where one is very slow; nothing but time is lost then.
 */
export async function hasPrecedence(
  layout: Layout,
  place: PartialPlace,
  own: OwnPartial,
  { others: idle, ...options }: PrecedenceOptions,
): Promise<boolean> {
  const known = new Set([...idle, own.directory]);
  const findOthers = async (): Promise<readonly string[]> =>
    (await livingPartials(layout, place)).filter((directory) => !known.has(directory));

  const others = await findOthers();
  if (others.length === 0) return true;
  for (const directory of others) {
    const earlier = await inspectPartial(layout, directory);
    const bytes = countRecorded(earlier?.journal.records ?? []);
    if (bytes > own.bytes || (bytes === own.bytes && directory < own.directory)) return false;
  }
  await pauseForLook(options);
  return (await findOthers()).length === 0;
}
