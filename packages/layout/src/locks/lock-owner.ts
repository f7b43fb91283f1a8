import { ifPresent } from "../fs/absence.ts";
import { isStoreError } from "../errors/store-error.ts";
import { readDocument } from "../fs/read-document.ts";
import { writeDocument } from "../fs/write-document.ts";
import { type ProcessIdentity, readProcessIdentity } from "../processes/process-identity.ts";
import type { Layout } from "../root/layout.ts";

/** Who holds a lock, in a file beside it: a file inside would keep the lock from being removed. */
export interface LockOwner {
  /** Of this holding, not of the process. */
  readonly id: string;
  readonly process: ProcessIdentity;
}

/** One identity; 64 KiB is far beyond it. */
const OWNER_BYTES_MAX = 64 * 1024;

export async function writeLockOwner(
  layout: Layout,
  path: string,
  owner: LockOwner,
): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
  await writeDocument(layout.fs, path, bytes, { replace: true });
}

/** `undefined` where there is none that can be read: nothing is known then. */
export async function readLockOwner(layout: Layout, path: string): Promise<LockOwner | undefined> {
  try {
    const bytes = await readDocument(layout.fs, path, { bytesMax: OWNER_BYTES_MAX });
    if (bytes === undefined) return undefined;
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown> | null;
    const id = value?.["id"];
    const identity = readProcessIdentity(value?.["process"]);
    return typeof id === "string" && identity !== undefined ? { id, process: identity } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isStoreError(error)) return undefined;
    throw error;
  }
}

export async function removeLockOwner(layout: Layout, path: string): Promise<void> {
  await ifPresent(layout.fs.unlink(path));
}
