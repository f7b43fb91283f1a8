import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { AbortOptions } from "../abort-options.ts";
import type { IngestOptions } from "../blobs/blob-store.ts";
import { ifPresent } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";
import { DATA_NAME } from "./partial.ts";
import { isAbandoned, isOwned } from "./partial-owner.ts";
import type { PartialPlace } from "./partial-place.ts";

/** Pause between two looks at another writer. */
const LOOK_MS = 100;

/** Waits until it is worth looking at other writers again. */
export async function pauseForLook({ signal }: AbortOptions): Promise<void> {
  await delay(LOOK_MS, undefined, signal === undefined ? {} : { signal }).catch(
    (error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    },
  );
}

/** The partials of a target that a living process says are its own. */
export async function livingPartials(
  layout: Layout,
  place: PartialPlace,
): Promise<readonly string[]> {
  const living: string[] = [];
  for (const directory of await place.list()) {
    if ((await isOwned(layout, directory)) && !(await isAbandoned(layout, directory)))
      living.push(directory);
  }
  return living;
}

/**
 * Waits while a living process fills the same target, so that the bytes travel once. Ends when it
 * is done, gives up or dies, and when it made no progress for `stallMs`: it may be stopped, and
 * nothing waits for one without a limit.
 *
 * @param isDone asked before every pause, and `onWait` told
 * @returns the partials of those nobody waits for any longer although they live
 */
export async function awaitWriter(
  layout: Layout,
  place: PartialPlace,
  isDone: () => Promise<boolean>,
  options: AbortOptions & Pick<IngestOptions, "onWait"> & { readonly stallMs: number },
): Promise<readonly string[]> {
  let seen = "";
  // Monotonic: the wall clock may jump while we wait.
  let deadline = performance.now() + options.stallMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const writers = await livingPartials(layout, place);
    const state = await stateOf(layout, writers);
    if (writers.length === 0 || (await isDone())) return [];
    if (state !== seen) deadline = performance.now() + options.stallMs;
    else if (performance.now() >= deadline) return writers;
    seen = state;
    options.onWait?.();
    await pauseForLook(options);
  }
}

/** What changes when one of the writers gets on. */
async function stateOf(layout: Layout, writers: readonly string[]): Promise<string> {
  const states: string[] = [];
  for (const directory of writers) {
    const data = await ifPresent(layout.fs.lstat(join(directory, DATA_NAME)));
    if (data !== undefined) states.push(`${data.inode} ${data.size} ${data.mtimeMs}`);
  }
  return states.join("\n");
}
