import { StoreError } from "../errors/store-error.ts";
import type { FsFile } from "./fs-port.ts";

/**
 * Writes whole pages past the page cache, in one call: the rest after a short write would not be
 * aligned, so that is an error.
 */
export async function writeAligned(
  file: FsFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  const written = await file.write(bytes, position);
  if (written === bytes.length) return;
  throw new StoreError(`the disk took ${written} of ${bytes.length} bytes`, {
    kind: "exhausted",
    code: "ERR_STORE_NO_SPACE",
    hint: "Free disk space (`store gc` may help), then run the command again.",
    detail: { written, size: bytes.length },
  });
}
