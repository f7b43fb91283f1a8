import { type AbortOptions, isStoreError } from "@store/layout";

import { openPack } from "../chkl/open-pack.ts";
import type { PackHome } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { PackReader } from "../chkl/pack-reader.ts";

/** Packs opened once each, until the end. */
export interface Sources extends AsyncDisposable {
  /** `undefined` for a pack that is not there, or that nobody can read. */
  open(id: PackId): Promise<PackReader | undefined>;
}

export function createSources(home: PackHome, options: AbortOptions): Sources {
  const opened = new Map<PackId, PackReader | undefined>();
  return {
    async open(id) {
      if (opened.has(id)) return opened.get(id);
      let pack: PackReader | undefined;
      try {
        pack = await openPack(home, id, { signal: options.signal });
      } catch (error) {
        if (!isStoreError(error) || !["corrupt", "not-found"].includes(error.kind)) throw error;
      }
      opened.set(id, pack);
      return pack;
    },
    async [Symbol.asyncDispose]() {
      for (const pack of opened.values()) await pack?.[Symbol.asyncDispose]();
    },
  };
}
