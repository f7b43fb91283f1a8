import { accessSync, constants, statfsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Linux keeps files in memory. */
const MEMORY = "/dev/shm";
/** Containers have as little as 64 MiB there. */
const MEMORY_BYTES_MIN = 512 * 1024 * 1024;

function hasMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_BYTES_MIN;
  } catch {
    return false;
  }
}

const BASE = hasMemory() ? MEMORY : tmpdir();

/**
 * A new directory for a suite that makes thousands of stores, in memory where there is some. Syncs
 * cost nothing there and prove nothing anywhere: only a power cut shows what they are good for.
 */
export const createScratch = (name: string): Promise<string> =>
  mkdtemp(join(BASE, `store-${name}-`));
