/**
 * Two different contents with one XXH3-128.
 *
 * Above 240 bytes XXH3 adds, for every 8 bytes d of a lane and their secret s, the product of the
 * two halves of d xor s to one accumulator, and d itself to its neighbour. Where the low half of d
 * equals that of s the product is 0 whatever the high half is, so two such words of one lane count
 * only by the sum of their high halves.
 */
export function createCollision(): readonly [Uint8Array, Uint8Array] {
  const contents = [
    [100, 200],
    [101, 199],
  ].map(([first, second]) => {
    const content = new Uint8Array(512).fill(0x2a);
    const view = new DataView(content.buffer);
    // The low halves of the first two words of XXH3's default secret; its stripes have 64 bytes,
    // and each takes the secret from 8 bytes further on.
    view.setUint32(0, 0x396cfeb8, true);
    view.setUint32(4, first ?? 0, true);
    view.setUint32(64, 0x2c81017c, true);
    view.setUint32(68, second ?? 0, true);
    return content;
  });
  return contents as unknown as readonly [Uint8Array, Uint8Array];
}
