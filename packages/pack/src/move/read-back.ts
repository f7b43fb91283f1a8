import { type AbortOptions, type Digest, isStoreError, type StoreError } from "@store/layout";

import { openPack } from "../chkl/open-pack.ts";
import type { PackHome } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";

/**
 * Opens a pack as any reader does and reads objects out of it, each checked by length and SHA-256.
 * What relies on a pack from here on has seen it whole.
 *
 * @returns the objects the pack can really give, and why it cannot give others
 */
export async function readBack(
  home: PackHome,
  id: PackId,
  digests: Iterable<Digest>,
  options: AbortOptions,
): Promise<{ readonly proven: ReadonlySet<Digest>; readonly damage: StoreError | undefined }> {
  const proven = new Set<Digest>();
  let damage: StoreError | undefined;
  try {
    await using pack = await openPack(home, id, options);
    for (const digest of digests) {
      try {
        await pack.readDigest(digest, options);
        proven.add(digest);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        damage ??= error;
      }
    }
  } catch (error) {
    if (!isStoreError(error)) throw error;
    damage ??= error;
  }
  return { proven, damage };
}
