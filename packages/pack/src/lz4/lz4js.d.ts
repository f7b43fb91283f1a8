/** The one function of lz4js that is used; the library has no types of its own. */
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
  };
  export default lz4;
}
