import type { Digest } from "../digest/digest.ts";
import type { Layout } from "../root/layout.ts";
import { addKeptOrigins } from "./kept-origins.ts";
import type { Origin } from "./origin.ts";
import { readOriginsBeside } from "./origins.ts";

/**
 * Writes down elsewhere what is recorded beside blobs, because they are about to lose their files
 * while they stay in the store: in packs. As much of an aid as the records themselves: it is not
 * synced, and of two that write at once one may be lost.
 */
export async function keepOrigins(layout: Layout, digests: Iterable<Digest>): Promise<void> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const origins = new Map<Digest, readonly Origin[]>();
  for (const digest of digests) {
    const places = await readOriginsBeside(layout, digest);
    if (places.length > 0) origins.set(digest, places);
  }
  await addKeptOrigins(layout, origins);
}
