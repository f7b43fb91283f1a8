import { type AbortOptions, type ByteRange, ifPresent, type Ingest, nodeFs } from "@store/layout";

/** Bytes per read. */
const COPY_BYTES = 1024 * 1024;

/** Takes ranges of a file on this machine into an ingest; none of a file that is gone. */
export async function copyRanges(
  path: string,
  ranges: readonly ByteRange[],
  ingest: Pick<Ingest, "writeAt">,
  { signal }: AbortOptions,
): Promise<void> {
  const file = await ifPresent(nodeFs.open(path, "read"));
  if (file === undefined) return;
  try {
    for (const { start, end } of ranges) {
      for (let at = start; at < end; at += COPY_BYTES) {
        signal?.throwIfAborted();
        const bytes = new Uint8Array(Math.min(COPY_BYTES, end - at));
        const count = await file.read(bytes, at);
        await ingest.writeAt(at, bytes.subarray(0, count));
      }
    }
  } finally {
    await file.close();
  }
}
