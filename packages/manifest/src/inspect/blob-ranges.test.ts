import { createMemoryBlobStore } from "@store/layout";
import { describe, expect, it } from "vitest";

import { blobRanges } from "./blob-ranges.ts";

describe("blobRanges", () => {
  it("reads any range of a blob", async () => {
    const blobs = createMemoryBlobStore();
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const { digest } = await blobs.add(bytes);
    const ranges = await blobRanges(blobs, digest);
    expect(ranges?.size).toBe(1000);
    expect(await ranges?.read(0, 1000)).toEqual(bytes);
    expect(await ranges?.read(10, 20)).toEqual(bytes.slice(10, 20));
    expect(await ranges?.read(5, 5)).toEqual(new Uint8Array(0));
  });

  it("is undefined for a blob that is not there", async () => {
    const { digest } = await createMemoryBlobStore().add(Uint8Array.of(1));
    expect(await blobRanges(createMemoryBlobStore(), digest)).toBeUndefined();
  });

  it("calls a blob damaged that ends too soon", async () => {
    const blobs = createMemoryBlobStore();
    const { digest } = await blobs.add(Uint8Array.of(1, 2, 3));
    const shortened = {
      stat: blobs.stat,
      read: () => blobs.read(digest, { start: 0, end: 2 }),
    };
    const ranges = await blobRanges(shortened, digest);
    await expect(ranges?.read(0, 3)).rejects.toMatchObject({
      code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    });
  });
});
