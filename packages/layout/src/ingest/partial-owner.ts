import { join } from "node:path";

import { isStoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import { readDocument } from "../fs/read-document.ts";
import { writeDocument } from "../fs/write-document.ts";
import { type ProcessIdentity, readProcessIdentity } from "../processes/process-identity.ts";
import type { Layout } from "../root/layout.ts";

/** What `owner.json` in a partial's directory says. */
export interface PartialOwner {
  /** `false` once the owner has closed its files for good: the partial is free to be continued. */
  readonly active: boolean;
  readonly process: ProcessIdentity;
}

/** One identity; 64 KiB is far beyond it. */
const OWNER_BYTES_MAX = 64 * 1024;

const ownerPath = (directory: string): string => join(directory, "owner.json");

export async function writeOwner(
  layout: Layout,
  directory: string,
  active: boolean,
): Promise<void> {
  const owner: PartialOwner = { active, process: await layout.processes.self() };
  const bytes = new TextEncoder().encode(`${JSON.stringify(owner, null, 2)}\n`);
  await writeDocument(layout.fs, ownerPath(directory), bytes, { replace: true });
}

export async function removeOwner(layout: Layout, directory: string): Promise<void> {
  await ifPresent(layout.fs.unlink(ownerPath(directory)));
}

/**
 * Whether nobody can be writing to a partial any more: its owner let go of it, or is provably
 * dead. An owner that cannot be read counts as alive.
 */
export async function isAbandoned(layout: Layout, directory: string): Promise<boolean> {
  const owner = await readOwner(layout, directory);
  if (owner === undefined) return false;
  return !owner.active || (await layout.processes.isDead(owner.process));
}

/** Whether somebody says that it is theirs. */
export async function isOwned(layout: Layout, directory: string): Promise<boolean> {
  return (await readOwner(layout, directory)) !== undefined;
}

async function readOwner(layout: Layout, directory: string): Promise<PartialOwner | undefined> {
  try {
    const bytes = await readDocument(layout.fs, ownerPath(directory), {
      bytesMax: OWNER_BYTES_MAX,
    });
    if (bytes === undefined) return undefined;
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown> | null;
    const identity = readProcessIdentity(value?.["process"]);
    return identity === undefined
      ? undefined
      : { active: value?.["active"] !== false, process: identity };
  } catch (error) {
    if (error instanceof SyntaxError || isStoreError(error)) return undefined;
    throw error;
  }
}
