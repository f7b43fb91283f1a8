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

/**
 * Waits while a living process fills the same target, so that the bytes travel once. Ends when it
 * is done, gives up or dies, and when it made no progress for `stallMs`: it may be stopped, and
 * nothing waits for one without a limit.
 *
 * @param isDone asked before every pause
 */
export async function awaitWriter(
  layout: Layout,
  place: PartialPlace,
  isDone: () => Promise<boolean>,
  options: AbortOptions & Pick<IngestOptions, "onWait"> & { readonly stallMs: number },
): Promise<void> {
  let seen = "";
  let isTold = false;
  // Monotonic: the wall clock may jump while we wait.
  let deadline = performance.now() + options.stallMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const state = await writersState(layout, place);
    if (state === undefined || (await isDone())) return;
    if (state !== seen) deadline = performance.now() + options.stallMs;
    else if (performance.now() >= deadline) return;
    seen = state;
    if (!isTold) options.onWait?.();
    isTold = true;
    await delay(
      LOOK_MS,
      undefined,
      options.signal === undefined ? {} : { signal: options.signal },
    ).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      throw error;
    });
  }
}

/** What changes when one of the writers gets on; `undefined` if there is none. */
async function writersState(layout: Layout, place: PartialPlace): Promise<string | undefined> {
  const states: string[] = [];
  for (const directory of await place.list()) {
    if (!(await isOwned(layout, directory)) || (await isAbandoned(layout, directory))) continue;
    const data = await ifPresent(layout.fs.lstat(join(directory, DATA_NAME)));
    if (data !== undefined) states.push(`${data.inode} ${data.size} ${data.mtimeMs}`);
  }
  return states.length === 0 ? undefined : states.join("\n");
}
