import type { BlobReader, Digest } from "@store/layout";
import {
  inspectGguf,
  inspectSafetensors,
  type ModelInfo,
  type RangeReader,
} from "@store/manifest/inspect";

/** Eight bytes tell the two formats apart. */
const HEAD_BYTES = 9;

interface Inspected {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * What the header of a weights file says, `undefined` for a file of neither format.
 *
 * @throws StoreError of kind `corrupt` for a header that begins well and goes on badly
 */
export async function inspectFile(
  blobs: Pick<BlobReader, "read">,
  { digest, size }: Inspected,
  signal: AbortSignal,
): Promise<ModelInfo | undefined> {
  const ranges: RangeReader = {
    size,
    read: (start, end) => collect(blobs.read(digest, { start, end, signal })),
  };
  const head = Buffer.from(await ranges.read(0, Math.min(HEAD_BYTES, size)));
  if (head.toString("latin1", 0, 4) === "GGUF") return inspectGguf(ranges);
  // Safetensors has no magic: a length, and the JSON object it is the length of.
  const headerSize = head.length === HEAD_BYTES ? head.readBigUInt64LE(0) : 0n;
  const isObject = head.at(-1) === "{".charCodeAt(0);
  if (isObject && headerSize > 0n && headerSize <= BigInt(size)) return inspectSafetensors(ranges);
  return undefined;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
