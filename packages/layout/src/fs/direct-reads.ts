import { isErrno } from "../errors/errno.ts";
import type { FsFile } from "./fs-port.ts";
import { readFully, type ReadHandle } from "./read-fully.ts";

/** A page: a multiple of every sector size in use. */
export const DIRECT_ALIGNMENT = 4096;

/**
 * Reads past the page cache whatever is asked for in whole pages, and everything else through it.
 *
 * @param direct the file opened with O_DIRECT
 * @param plain the same file opened as usual
 */
export function createDirectRead(direct: ReadHandle, plain: ReadHandle): FsFile["read"] {
  let refused = false;

  async function readDirect(buffer: Uint8Array, position: number): Promise<number> {
    if (refused || !isWhole(buffer.length) || !isWhole(position)) return 0;
    try {
      return (await direct.read(buffer, 0, buffer.length, position)).bytesRead;
    } catch (error) {
      // Some file systems take the flag when a file is opened and refuse the reads; and the memory
      // of a buffer need not begin at a page.
      if (!isErrno(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP")) throw error;
      refused = true;
      return 0;
    }
  }

  return async (buffer, position) => {
    const count = await readDirect(buffer, position);
    if (count === buffer.length) return count;
    // Short is the end of the file, or a direct read that the kernel cut: a usual read tells.
    return count + (await readFully(plain, buffer.subarray(count), position + count));
  };
}

const isWhole = (count: number): boolean => count % DIRECT_ALIGNMENT === 0;

/** Pages looked at: enough for a file of which a part is cached to be judged by its larger part. */
const PROBES_MAX = 7;

/** Times this process had to wait for a device; the kernel counts them for every read of a page. */
const countDeviceReads = (): number => process.resourceUsage().fsRead;

/**
 * Whether most of a file is in the page cache, judged by pages at random: those that were there cost
 * no device read. Where nothing is counted (tmpfs, network file systems, other kernels) the answer is
 * yes. Reads that the process makes meanwhile can turn a yes into a no, never a no into a yes.
 */
export async function isCached(
  handle: ReadHandle,
  sizeBytes: number,
  deviceReads: () => number = countDeviceReads,
): Promise<boolean> {
  const page = new Uint8Array(DIRECT_ALIGNMENT);
  const pageCount = Math.ceil(sizeBytes / DIRECT_ALIGNMENT);
  let missing = 0;
  for (let probe = 0; probe < PROBES_MAX; probe += 1) {
    const before = deviceReads();
    // At random, since a page that was looked at is in the cache the next time.
    await readFully(handle, page, Math.floor(Math.random() * pageCount) * DIRECT_ALIGNMENT);
    if (deviceReads() > before) missing += 1;
  }
  return missing * 2 < PROBES_MAX;
}
