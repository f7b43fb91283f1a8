import { StoreError } from "../errors/store-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { Layout } from "../root/layout.ts";

/** Room left for everybody else, and for the directory blocks that the bytes will need. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/**
 * Refuses a transfer that cannot fit before its first byte is moved. Advisory: another writer may
 * fill the disk meanwhile, which every write checks for itself.
 *
 * @throws StoreError `ERR_STORE_NO_SPACE` with the bytes needed and free
 */
export async function ensureRoom(layout: Layout, neededBytes: number): Promise<void> {
  if (neededBytes < RESERVE_BYTES) return;
  const freeBytes = await ifPresent(layout.fs.freeBytes(layout.paths.root));
  if (freeBytes === undefined || freeBytes >= neededBytes + RESERVE_BYTES) return;
  throw new StoreError(
    `${neededBytes} bytes are needed and ${freeBytes} are free at ${layout.paths.root}`,
    {
      kind: "exhausted",
      code: "ERR_STORE_NO_SPACE",
      hint: "Free disk space (`store gc` may help), or choose another store with --home or MODELS_HOME.",
      detail: { path: layout.paths.root, neededBytes, freeBytes },
    },
  );
}
