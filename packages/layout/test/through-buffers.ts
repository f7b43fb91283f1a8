import type { Ingest } from "@store/layout";

/**
 * Hands a range of a blob to an ingest in buffers, each filled up to the next multiple of
 * `pieceBytes`, all on their way at once. So pieces within the range go past the page cache and
 * those at its ends through it.
 */
export async function writeThroughBuffers(
  { buffers }: Ingest,
  content: Uint8Array,
  range: { readonly start: number; readonly end: number; readonly pieceBytes: number },
): Promise<void> {
  if (buffers === undefined) throw new TypeError("the ingest has no buffers");
  const { end, pieceBytes } = range;
  const writes: Promise<void>[] = [];
  for (let start = range.start; start < end;) {
    const to = Math.min(end, (Math.floor(start / pieceBytes) + 1) * pieceBytes);
    const buffer = await buffers.acquire();
    buffer.bytes.set(content.subarray(start, to));
    writes.push(buffer.writeAt(start, to - start));
    start = to;
  }
  await Promise.all(writes);
}
