/** What is used of lz4js; the library has no types of its own. */
declare module "lz4js" {
  const lz4: {
    /**
     * Compresses `source[start, start + length)` into `target` from its beginning.
     *
     * @param positions 65,536 zeros: where each hashed word was seen, plus one
     * @returns bytes written, or 0 if nothing was compressed and `start` is 0
     */
    compressBlock(
      source: Uint8Array,
      target: Uint8Array,
      start: number,
      length: number,
      positions: Uint32Array,
    ): number;
    /** One frame. Only the benchmarks call this and the next, to be compared with. */
    compress(content: Uint8Array): Uint8Array;
    /** A frame's content. Checks nothing. */
    decompress(frame: Uint8Array): Uint8Array;
  };
  export default lz4;
}
