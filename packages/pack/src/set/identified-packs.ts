import type { Digest } from "@store/layout";

import { createNeedle } from "../bytes/digest-hash.ts";
import type { OpenedPack } from "../chkl/create-pack-reader.ts";
import type { IdentityTable } from "../chkl/identity-table.ts";
import { finishInTurns } from "../loop/turns.ts";
import { createDigestMap } from "./digest-map.ts";

/** A row of the sidecar of one of the packs. */
export interface Place {
  readonly pack: IdentifiedPack;
  readonly row: number;
}

export type IdentifiedPack = OpenedPack & { readonly identity: IdentityTable };

/** The packs with a sidecar, and where digests are in them. */
export interface IdentifiedPacks {
  readonly packs: readonly OpenedPack[];
  /** Every pack that holds a digest, in their order, and its first row with it. */
  placesOf(digest: Digest): readonly Place[];
}

export const NO_PACKS: IdentifiedPacks = { packs: [], placesOf: () => [] };

const isIdentified = (pack: OpenedPack): pack is IdentifiedPack => pack.identity !== undefined;

/** Those of some open packs. The same as before where they are the same: mostly nothing has changed. */
export async function identifyPacks(
  opened: readonly OpenedPack[],
  before: IdentifiedPacks,
): Promise<IdentifiedPacks> {
  const packs = opened.filter(isIdentified);
  const isSame =
    packs.length === before.packs.length &&
    packs.every((pack, index) => pack === before.packs[index]);
  if (isSame) return before;
  const map = await finishInTurns(createDigestMap(packs.map(({ identity }) => identity)));
  return {
    packs,
    placesOf: (digest) =>
      map
        .placesOf(createNeedle(digest))
        .map(({ table, row }) => ({ pack: packs[table] as IdentifiedPack, row })),
  };
}
