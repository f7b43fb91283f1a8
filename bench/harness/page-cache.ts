import { open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

import { runCommand } from "./run-command.ts";

/**
 * A virtual machine gives free memory back to its host after two seconds, and has to get it anew for
 * a file that has not been read for long. Without the wait a reader would get back the very pages
 * that were freed for it, which no cold file does.
 */
const SETTLE_MS = 3000;

/** Takes files out of the page cache, so that the next reader meets the disk. They must be synced. */
export async function evict(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    await runCommand("dd", [
      `if=${path}`,
      "of=/dev/null",
      "iflag=nocache",
      "count=0",
      "status=none",
    ]);
  await setTimeout(SETTLE_MS);
}

/** Whether an evicted file costs a device read; not so in tmpfs, and where nothing is counted. */
export async function canEvict(path: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  await evict([path]);
  const file = await open(path);
  const before = process.resourceUsage().fsRead;
  await file.read(new Uint8Array(1), 0, 1, 0);
  await file.close();
  return process.resourceUsage().fsRead > before;
}
