// One blob, a few names, and the packs it may lie in.

import type { Digest } from "@store/layout";

import { digestOf } from "../support/digests.ts";
import type { Act } from "./explore.ts";

export const BLOB: Digest = digestOf("the blob");

export interface World {
  /** Whether the blob's final name exists. */
  data: boolean;
  /** Its trash names, one for each sweeper at most. */
  readonly trash: Record<string, true>;
  /** Whether each name exists; all of them need the blob. */
  readonly names: Record<string, boolean>;
  /** Holders of a live lease on the blob. */
  readonly leases: Record<string, true>;
  /** Names whose publisher said that all is well. */
  readonly promised: Record<string, true>;
  /** Packs, where the scenario has any. */
  readonly packs?: WorldPacks | undefined;
  /** Names whose blob a reader did not find although it was promised all the time. */
  readonly missed: Record<string, true>;
}

/** Packs that hold the blob: the one there was, and the one that is to take its place. */
export interface WorldPacks {
  old: boolean;
  rewritten: boolean;
  /** Trash names of the old one's index. */
  readonly trash: Record<string, true>;
}

export function createWorld(start: Partial<World> & Pick<World, "names">): World {
  return { data: true, trash: {}, leases: {}, promised: {}, missed: {}, ...start };
}

/** What every reader does, in any number of steps. */
export function isReadable(world: World): boolean {
  return world.data || Object.keys(world.trash).length > 0 || isPacked(world);
}

/** Whether a visible pack holds the blob, or one that is only aside. */
export function isPacked({ packs }: World): boolean {
  if (packs === undefined) return false;
  return packs.old || packs.rewritten || Object.keys(packs.trash).length > 0;
}

/** INV-3 at every moment, and a tidy store at the end. */
export function checkWorld(world: World, isOver: boolean): string | undefined {
  const promised = Object.keys(world.promised).filter((name) => world.names[name]);
  if (promised.length > 0 && !isReadable(world)) return `${promised[0]} lost its blob`;
  const named = Object.keys(world.names).filter((name) => world.names[name]);
  const missed = Object.keys(world.missed);
  if (missed.length > 0) return `a reader of ${missed[0]} missed its blob`;
  if (!isOver) return undefined;
  const isThere = world.data || world.packs?.old === true || world.packs?.rewritten === true;
  if (named.length > 0 && !isThere) return `${named[0]} is left without its blob`;
  const trash = [...Object.keys(world.trash), ...Object.keys(world.packs?.trash ?? {})];
  if (trash.length > 0) return "trash is left behind";
  return undefined;
}

/** Looks for a visible pack that holds the blob, then gives one back that is only aside. */
export async function findInPacks(packs: WorldPacks, act: Act): Promise<boolean> {
  if (await act("look in packs", () => packs.old || packs.rewritten)) return true;
  return await act("give a pack back", () => {
    const [owner] = Object.keys(packs.trash);
    if (owner !== undefined) packs.old = true;
    return packs.old || packs.rewritten;
  });
}
