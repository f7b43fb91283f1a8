import { type AbortOptions, isStoreError, type Layout } from "@store/layout";

import { decodeIdentity } from "../chkl/identity-table.ts";
import { openPack } from "../chkl/open-pack.ts";
import { openPackData } from "../chkl/pack-data.ts";
import { packDirectoryOf } from "../chkl/pack-home.ts";
import type { PackId } from "../chkl/pack-id.ts";
import { keepWithData } from "../trash/trash-pack.ts";
import { checkName } from "../verify/check-name.ts";
import { rebuildIdentity, rebuildIndex } from "../verify/rebuild.ts";
import { replaceTable } from "./replace-table.ts";

/**
 * Makes the index anew of data that is whole and bears its own name. Answers whether it did: what a
 * writer left that died is not whole, and debris.
 */
export async function mendIndex(
  layout: Layout,
  id: PackId,
  options: AbortOptions,
): Promise<boolean> {
  const directory = packDirectoryOf(layout);
  const bytes = await ofWhole(async () => {
    const data = await openPackData(directory, id);
    if (data === undefined) return undefined;
    try {
      await checkName(id, data, options);
    } finally {
      await data.close();
    }
    return await rebuildIndex(layout, id, options);
  });
  if (bytes === undefined) return false;
  await replaceTable(layout, id, "idx", bytes);
  // A sweep may have taken the data, which had no index, before it could see this one.
  return await keepWithData(directory, id);
}

/** Makes the sidecar anew where it is damaged or says less than the data. Answers whether it did. */
export async function mendIdentity(
  layout: Layout,
  id: PackId,
  options: AbortOptions,
): Promise<boolean> {
  const known = await ofWhole(() => countIdentified(layout, id, options));
  if (known === undefined) return false;
  const bytes = await ofWhole(() =>
    rebuildIdentity(layout, id, { ...options, onDamage: () => {} }),
  );
  if (bytes === undefined || decodeIdentity(bytes).length <= known) return false;
  await replaceTable(layout, id, "ids", bytes);
  return true;
}

/** Entries the sidecar names; nothing where it names all, or is not ours to replace. */
async function countIdentified(
  layout: Layout,
  id: PackId,
  options: AbortOptions,
): Promise<number | undefined> {
  await using pack = await openPack(layout, id, options);
  const { identityError, identifiedCount, count } = pack;
  if (identityError !== undefined && identityError.kind !== "corrupt") return undefined;
  return identifiedCount === count ? undefined : identifiedCount;
}

/** What some work comes to, or nothing where the pack is damaged or gone. */
async function ofWhole<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isStoreError(error) && ["corrupt", "not-found"].includes(error.kind)) return undefined;
    throw error;
  }
}
