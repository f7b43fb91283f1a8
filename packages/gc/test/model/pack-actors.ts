// Those who move a blob between a loose file and packs, and those who read it meanwhile.

import type { GcPacks } from "../../src/index.ts";
import type { Act, Actor } from "./explore.ts";
import { BLOB, findInPacks, type World, type WorldPacks } from "./world.ts";

/**
 * Dropping the blob from the old pack: what stays is published first (nothing here, since the blob
 * is all that counts), then the index goes through D1–D4.
 */
export function createPackPort(packs: WorldPacks, self: string, act: Act): GcPacks {
  return {
    async *list() {},
    async drop(_id, _digests, { lookAgain }) {
      const moved = await act("D1 rename the index", () => moveAside(packs, self));
      if (!moved) return 0;
      const needed = await lookAgain([BLOB]);
      await settle(packs, self, act, needed.has(BLOB));
      return needed.has(BLOB) ? 0 : 1;
    },
  };
}

function moveAside(packs: WorldPacks, self: string): boolean {
  if (!packs.old) return false;
  packs.old = false;
  packs.trash[self] = true;
  return true;
}

async function settle(packs: WorldPacks, self: string, act: Act, isNeeded: boolean): Promise<void> {
  if (isNeeded) {
    await act("D3 link the index", () => {
      if (packs.trash[self]) packs.old = true;
    });
  }
  await act("unlink the index", () => void delete packs.trash[self]);
}

export interface RepackOptions {
  /** Mutant: leaves the blob out of the new pack because there is a loose copy. */
  readonly trustsLoose?: boolean;
}

/** Writes the old pack anew with what is live in it, the blob included, and takes the old one away. */
export function repacker(world: World, name: string, options: RepackOptions = {}): Actor {
  return {
    name,
    async run(act) {
      const packs = world.packs as WorldPacks;
      const isLoose = options.trustsLoose === true && (await act("look loose", () => world.data));
      if (!isLoose) {
        const isThere = await act("read the old pack", () => packs.old);
        if (!isThere) return;
        await act("publish the new pack", () => void (packs.rewritten = true));
      }
      if (!(await act("D1 rename the index", () => moveAside(packs, name)))) return;
      const isMoved = isLoose || (await act("look for the new pack", () => packs.rewritten));
      await settle(packs, name, act, !isMoved);
    },
  };
}

export interface PackOptions {
  /** Mutant: does not look for the pack again before the loose copy goes. */
  readonly withoutLook?: boolean;
  /** The pack holds the blob already; only the loose copy is to go. */
  readonly isPacked?: boolean;
}

/** Moves the loose blob into the old pack. */
export function packer(world: World, name: string, options: PackOptions = {}): Actor {
  return {
    name,
    async run(act) {
      const packs = world.packs as WorldPacks;
      if (options.isPacked !== true) {
        if (!(await act("read the loose blob", () => world.data))) return;
        await act("publish the pack", () => void (packs.old = true));
      }
      const moved = await act("D1 rename the blob", () => {
        if (!world.data) return false;
        world.data = false;
        world.trash[name] = true;
        return true;
      });
      if (!moved) return;
      const isThere =
        options.withoutLook === true ||
        (await act("look for the pack", () => packs.old || packs.rewritten));
      if (!isThere) {
        await act("D3 link the blob", () => {
          if (world.trash[name]) world.data = true;
        });
      }
      await act("unlink the blob", () => void delete world.trash[name]);
    },
  };
}

/** Moves the blob out of the old pack: the loose copy first, then the pack goes. */
export function unpacker(world: World, name: string): Actor {
  return {
    name,
    async run(act) {
      const packs = world.packs as WorldPacks;
      if (!(await act("read the pack", () => packs.old))) return;
      await act("publish the loose blob", () => void (world.data = true));
      if (!(await act("D1 rename the index", () => moveAside(packs, name)))) return;
      const isLoose = await act("look for the loose blob", () => world.data);
      await settle(packs, name, act, !isLoose);
    },
  };
}

export interface ReadOptions {
  /** Mutant: asks packs, then loose files, and answers. */
  readonly asksOnce?: boolean;
}

/** Reads the blob of a name that is there all the time: known packs, loose, packs again, loose again. */
export function reader(world: World, name: string, options: ReadOptions = {}): Actor {
  return {
    name: `reader of ${name}`,
    async run(act) {
      const packs = world.packs as WorldPacks;
      if (await act("look in known packs", () => packs.old || packs.rewritten)) return;
      if (await act("look loose", () => lookLoose(world))) return;
      if (options.asksOnce !== true) {
        if (await findInPacks(packs, act)) return;
        if (await act("look loose again", () => lookLoose(world))) return;
      }
      world.missed[name] = true;
    },
  };
}

/** One listing shows the final name and every trash name; what is only aside is linked back. */
function lookLoose(world: World): boolean {
  if (Object.keys(world.trash).length > 0) world.data = true;
  return world.data;
}
