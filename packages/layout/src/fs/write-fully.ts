import { StoreError } from "../errors/store-error.ts";
import type { FsFile } from "./fs-port.ts";

/**
 * Writes every byte, or throws. A full disk shows as a short count first and as an error only on
 * the next call, so the loop goes on until one of the two is final.
 */
export async function writeFully(file: FsFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const written = await file.write(done === 0 ? bytes : bytes.subarray(done), position + done);
    if (written <= 0) {
      throw new StoreError(`the disk took ${done} of ${bytes.length} bytes and then none`, {
        kind: "exhausted",
        code: "ERR_STORE_NO_SPACE",
        hint: "Free disk space (`store gc` may help), then run the command again.",
        detail: { written: done, size: bytes.length },
      });
    }
    done += written;
  }
}
