import { type Digest, digestBytes } from "@store/layout";

import { createContent } from "../../../src/testing/content.ts";

/** What all workers put, adopt and transfer: few, so that they meet often. */
export const contents: readonly Uint8Array[] = [
  100, 1_000, 5_000, 20_000, 70_000, 70_001, 200_000, 1_500_000,
].map((size, index) => createContent(size, 300 + index));

export const digests: readonly Digest[] = contents.map((bytes) => digestBytes(bytes));

export function contentOf(digest: string): Uint8Array | undefined {
  return contents[digests.indexOf(digest as Digest)];
}
