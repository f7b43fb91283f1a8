import { createHash } from "node:crypto";

/** Numbers from 0 to below 1 that are the same for the same seed. */
export function createRandom(seed: string): () => number {
  let count = 0;
  return () => {
    count += 1;
    const hash = createHash("sha256").update(`${seed} ${count}`).digest();
    return hash.readUInt32LE() / 2 ** 32;
  };
}
