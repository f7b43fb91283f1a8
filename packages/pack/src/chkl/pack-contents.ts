import type { Digest } from "@store/layout";

import type { PackKey } from "../hash/pack-key.ts";
import type { PackObject } from "./pack-entry.ts";

/** What a pack being written holds so far. */
export interface PackContents {
  readonly objects: readonly PackObject[];
  /** The first object with a digest. */
  ofDigest(digest: Digest): PackObject | undefined;
  /** The first object with a key. All objects of one key have one content. */
  ofKey(key: PackKey): PackObject | undefined;
  record(object: PackObject): void;
}

export function createPackContents(): PackContents {
  const objects: PackObject[] = [];
  const byDigest = new Map<Digest, PackObject>();
  const byKey = new Map<PackKey, PackObject>();
  return {
    objects,
    ofDigest: (digest) => byDigest.get(digest),
    ofKey: (key) => byKey.get(key),
    record(object) {
      objects.push(object);
      if (!byDigest.has(object.digest)) byDigest.set(object.digest, object);
      if (!byKey.has(object.key)) byKey.set(object.key, object);
    },
  };
}
