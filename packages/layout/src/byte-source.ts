/** Bytes handed in: all at once, or as a stream of chunks in order. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** A half-open range of byte offsets: `end - start` bytes beginning at `start`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Any {@link ByteSource} as a stream. Empty chunks are dropped. */
export async function* streamOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    if (source.length > 0) yield source;
    return;
  }
  for await (const chunk of source) if (chunk.length > 0) yield chunk;
}
