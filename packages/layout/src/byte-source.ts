/** Bytes handed in: all at once, or as a stream of chunks in order. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** A half-open range of byte offsets: `end - start` bytes beginning at `start`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Any {@link ByteSource} as a stream. Empty chunks are dropped.
 *
 * @throws TypeError for anything else: text, whose bytes depend on an encoding, would be taken for none
 */
export async function* streamOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (isBytes(source)) {
    if (source.length > 0) yield source;
    return;
  }
  if (typeof source !== "object" || source === null) throw notBytes(source);
  for await (const chunk of source) {
    if (!isBytes(chunk)) throw notBytes(chunk);
    if (chunk.length > 0) yield chunk;
  }
}

/** By its tag, since bytes may come from another realm (a test runner's, a sandbox's). */
const isBytes = (value: unknown): value is Uint8Array =>
  Object.prototype.toString.call(value) === "[object Uint8Array]";

const notBytes = (value: unknown): TypeError =>
  new TypeError(`a source gives Uint8Array, not ${value === null ? "null" : typeof value}`);
