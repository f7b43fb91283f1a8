import { type AbortOptions, type BlobReader, type Digest, StoreError } from "@store/layout";

import type { RangeReader } from "./model-info.ts";

/** A blob as something to inspect, `undefined` if the store does not have it. */
export async function blobRanges(
  blobs: Pick<BlobReader, "stat" | "read">,
  digest: Digest,
  options: AbortOptions = {},
): Promise<RangeReader | undefined> {
  const info = await blobs.stat(digest, options);
  if (info === undefined) return undefined;
  return {
    size: info.size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      let done = 0;
      for await (const chunk of blobs.read(digest, { ...options, start, end })) {
        bytes.set(chunk, done);
        done += chunk.length;
      }
      if (done === bytes.length) return bytes;
      throw new StoreError(
        `blob ${digest} ended at ${start + done}, before its ${info.size} bytes`,
        {
          kind: "corrupt",
          code: "ERR_STORE_BLOB_SIZE_MISMATCH",
          hint: `Run \`store repair ${digest}\`.`,
          detail: { digest, expected: info.size, actual: start + done },
        },
      );
    },
  };
}
