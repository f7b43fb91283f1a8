import type { ByteRange } from "../byte-source.ts";

/**
 * Reproducible bytes that no compressor shortens and no two seeds share: a 32-bit xorshift
 * generator (Marsaglia 2003, triple 13-17-5).
 */
export function createContent(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  for (let at = 0; at < sizeBytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state >>> 11;
  }
  return bytes;
}

/** Bytes as a stream of chunks of the given size. */
export async function* streamContent(
  bytes: Uint8Array,
  chunkBytes = 1000,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

/** All of a stream, in one piece. */
export async function collectContent(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

/** The bytes of a range, cut at the end like a reader does. */
export function sliceContent(bytes: Uint8Array, range: Partial<ByteRange>): Uint8Array {
  return bytes.slice(range.start ?? 0, Math.min(range.end ?? bytes.length, bytes.length));
}
