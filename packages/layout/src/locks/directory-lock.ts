import { setTimeout as delay } from "node:timers/promises";

import lockfile from "proper-lockfile";

import { isErrno } from "../errors/errno.ts";
import { createId } from "../fs/temporary-name.ts";
import type { Layout } from "../root/layout.ts";
import { readLockOwner, removeLockOwner, writeLockOwner } from "./lock-owner.ts";
import { removeDeadLock, removeObstacle } from "./remove-lock.ts";

/**
 * One set of options for every lock, always: two holders with different ideas of "stale" would be
 * two holders. A minute survives a stalled event loop, a slow disk and a short sleep; the owner
 * file, not this limit, is what replaces a dead holder within a second.
 */
const STALE_MS = 60_000;
const UPDATE_MS = 10_000;

/** Pause between two attempts while somebody else holds the lock. */
const RETRY_MS = 50;

export interface HeldLock {
  /** Aborts when the lock turns out to be somebody else's. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lock directory at `path`, waiting up to `waitMs`. `undefined` if it stays taken.
 *
 * The lock only saves duplicate work. It can be held twice (a stalled holder, a file system where
 * locking always succeeds), and nothing that keeps bytes safe depends on it.
 */
export async function takeLock(
  layout: Layout,
  path: string,
  waitMs: number,
  signal?: AbortSignal,
): Promise<HeldLock | undefined> {
  await layout.makeDirectory(layout.paths.locks);
  // Monotonic: the wall clock may jump while we wait.
  const deadline = performance.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const held = await tryLock(layout, path);
    if (held !== "taken" && held !== "obstructed") return held;
    const freed =
      held === "obstructed"
        ? await removeObstacle(layout, path)
        : await removeDeadLock(layout, path, ownerPathOf(path));
    if (freed) continue;
    if (performance.now() >= deadline) return undefined;
    await pause(signal);
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(RETRY_MS, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

const ownerPathOf = (path: string): string => path.replace(/\.lock$/, ".owner.json");

async function tryLock(layout: Layout, path: string): Promise<HeldLock | "taken" | "obstructed"> {
  const lost = new AbortController();
  let release: () => Promise<void>;
  try {
    release = await lockfile.lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: UPDATE_MS,
      retries: 0,
      onCompromised: (error) => lost.abort(error),
    });
  } catch (error) {
    // It is stale, and what is there cannot be removed as a lock is.
    if (isErrno(error, "ENOTEMPTY", "ENOTDIR")) return "obstructed";
    // ENOENT: it went while it was being taken, by way of somebody who cleans up.
    if (isErrno(error, "ELOCKED", "EEXIST", "ENOENT")) return "taken";
    throw error;
  }
  const owner = { id: createId(), process: await layout.processes.self() };
  const ownerPath = ownerPathOf(path);
  await writeLockOwner(layout, ownerPath, owner).catch(() => {});
  return {
    signal: lost.signal,
    async release() {
      // After a stall the directory may be another holder's: then it must stay.
      const current = await readLockOwner(layout, ownerPath).catch(() => undefined);
      if (lost.signal.aborted || (current !== undefined && current.id !== owner.id)) return;
      await removeLockOwner(layout, ownerPath).catch(() => {});
      await release().catch(() => {});
    },
  };
}
