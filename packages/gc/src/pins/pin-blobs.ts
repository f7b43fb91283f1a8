import { type BlobReader, type Digest, StoreError } from "@store/layout";

import type { PinInfo, PinStore } from "./open-pin-store.ts";
import type { Pin } from "./pin-document.ts";

/**
 * Pins blobs that are there. The pin is written first and the blobs are looked at after that, as in
 * publishing a name (P4): a sweep that is at work either sees the pin, or has moved a blob aside
 * before this look, which gives it back.
 *
 * @throws StoreError `ERR_STORE_BLOB_NOT_FOUND` for a blob that is not there; then an earlier pin of
 * the subject is what it was
 */
export async function pinBlobs(
  pins: Pick<PinStore, "get" | "put" | "remove">,
  blobs: Pick<BlobReader, "stat">,
  pin: Omit<Pin, "pinnedAtMs">,
): Promise<PinInfo> {
  const { subject } = pin;
  const before = await pins.get(subject);
  const placed = await pins.put(pin);
  for (const digest of pin.digests) {
    if ((await blobs.stat(digest)) !== undefined) continue;
    // What it cannot keep it must not claim to keep.
    await (before === undefined ? pins.remove(subject) : pins.put(before));
    throw blobNotFound(digest);
  }
  return placed;
}

function blobNotFound(digest: Digest): StoreError {
  return new StoreError(`the store has no blob ${digest}`, {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    hint: "Only what is there can be pinned. Pull the model again.",
    detail: { digest },
  });
}
