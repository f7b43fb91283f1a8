import type { AbortOptions, Digest } from "@store/layout";

import type { PackReader } from "../chkl/pack-reader.ts";
import { turns } from "../loop/turns.ts";

/** Digests are sorted one first byte at a time, so that a 256th of them is in memory at once. */
const FIRST_BYTE_COUNT = 256;

/** Every digest of some packs once, ascending. */
export async function* listDigests(
  packs: readonly PackReader[],
  { signal }: AbortOptions = {},
): AsyncGenerator<Digest> {
  for (let firstByte = 0; firstByte < FIRST_BYTE_COUNT; firstByte++) {
    signal?.throwIfAborted();
    const digests = new Set<Digest>();
    for (const pack of packs) {
      for (const { digest } of pack.objects({ firstByte })) digests.add(digest);
      if (turns.isOver()) await turns.pause();
    }
    yield* [...digests].toSorted();
  }
}
