import { createHash } from "node:crypto";
import { join } from "node:path";

import type { AbortOptions } from "../abort-options.ts";
import { StoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import type { Layout } from "../root/layout.ts";
import { takeLock } from "./directory-lock.ts";

export interface LockOptions extends AbortOptions {
  /** How long to wait for another holder, in milliseconds. */
  readonly waitMs?: number | undefined;
}

/** A change of a name takes milliseconds; a holder that takes longer is stalled, not working. */
const NAME_WAIT_MS = 5_000;
/** Two sweeps at once are harmless and useless: the second one says so at once. */
const SWEEP_WAIT_MS = 0;

/**
 * Runs `body` while, if possible, nobody else changes the same name. When the lock cannot be had
 * in time the body runs all the same: locks save duplicate work, and whatever `body` does must be
 * right without one.
 *
 * @param name folded, so that all spellings of a name share the lock
 */
export async function withNameLock<T>(
  layout: Layout,
  name: string,
  body: (signal: AbortSignal) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const path = join(layout.paths.locks, `${createHash("sha256").update(name).digest("hex")}.lock`);
  const waitMs = options.waitMs ?? NAME_WAIT_MS;
  const held = await explaining("lock a name", () =>
    takeLock(layout, path, waitMs, options.signal),
  );
  if (held === undefined) return body(options.signal ?? new AbortController().signal);
  try {
    return await body(options.signal ?? new AbortController().signal);
  } finally {
    await held.release();
  }
}

/**
 * Runs one sweep at a time.
 *
 * @throws StoreError `ERR_STORE_SWEEP_LOCKED` if another one is at work
 */
export async function withSweepLock<T>(
  layout: Layout,
  body: (signal: AbortSignal) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const path = join(layout.paths.locks, "sweep.lock");
  const waitMs = options.waitMs ?? SWEEP_WAIT_MS;
  const held = await explaining("lock the sweep", () =>
    takeLock(layout, path, waitMs, options.signal),
  );
  if (held === undefined) {
    throw new StoreError("another sweep is at work on this store", {
      kind: "busy",
      code: "ERR_STORE_SWEEP_LOCKED",
      hint: "Wait until it is done. A lock left by a machine that went away frees itself after a minute.",
      detail: { waitedMs: waitMs },
    });
  }
  try {
    const signals = options.signal === undefined ? [held.signal] : [held.signal, options.signal];
    return await body(AbortSignal.any(signals));
  } finally {
    await held.release();
  }
}
