// Those who publish and delete: each call to the file system is a step.

import {
  applyGc,
  createSnapshot,
  type GcLease,
  type GcPlan,
  type GcPorts,
  type GcTrashed,
  planGc,
  type Root,
} from "../../src/index.ts";
import { sealPlan } from "../../src/plan/encode-plan.ts";
import type { Act, Actor } from "./explore.ts";
import { createPackPort } from "./pack-actors.ts";
import { BLOB, findInPacks, type World } from "./world.ts";

export interface PublishOptions {
  readonly lease?: boolean;
  /** Mutant: returns without looking at the blob again. */
  readonly withoutP4?: boolean;
  /** Ends right after the name is visible; its lease ends with it. */
  readonly dies?: boolean;
  /** Tries trash names in descending order. */
  readonly backwards?: boolean;
  /** Removes this name once the new one is there: `tag a z; rm a`. */
  readonly thenRemove?: string;
}

export function publisher(world: World, name: string, options: PublishOptions = {}): Actor {
  async function ensureBlob(act: Act): Promise<void> {
    if (await act("look", () => world.data)) return;
    const owners = await act("list trash", () => Object.keys(world.trash).sort());
    for (const owner of options.backwards ? owners.toReversed() : owners) {
      const linked = await act(`link from trash of ${owner}`, () => {
        if (world.trash[owner]) world.data = true;
        return world.data;
      });
      if (linked) return;
    }
    if (world.packs !== undefined && (await findInPacks(world.packs, act))) return;
    await act("ingest", () => {
      world.data = true;
    });
  }

  return {
    name: `publisher of ${name}`,
    async run(act) {
      if (options.lease) await act("P1 lease", () => void (world.leases[name] = true));
      await ensureBlob(act);
      await act("P3 publish", () => void (world.names[name] = true));
      if (options.dies) {
        await act("die", () => void delete world.leases[name]);
        return;
      }
      if (!options.withoutP4) await ensureBlob(act);
      // Returning is no step: nobody else can see it happen.
      world.promised[name] = true;
      const { thenRemove } = options;
      if (thenRemove !== undefined) {
        await act(`remove ${thenRemove}`, () => void (world.names[thenRemove] = false));
      }
      if (options.lease) await act("release lease", () => void delete world.leases[name]);
    },
  };
}

/** How a sweeper may be wrong. */
export type SweeperMutant = "no second look" | "names before leases" | "looks before it moves";

export interface SweeperOptions {
  readonly mutant?: SweeperMutant;
  /** Starts from trash that a crashed sweep left, instead of from a candidate. */
  readonly recovers?: boolean;
  readonly readsLeases?: boolean;
  /** Reads names in descending order. */
  readonly backwards?: boolean;
  readonly startsAfter?: number;
  /** Instead of a loose blob it drops the blob from the old pack. */
  readonly drops?: boolean;
}

/** The real `applyGc`, over ports whose every call is a step. */
export function sweeper(world: World, name: string, options: SweeperOptions = {}): Actor {
  return {
    name,
    startsAfter: options.startsAfter,
    async run(act) {
      const plan = { ...(options.drops ? dropPlan : options.recovers ? recoveryPlan : sweepPlan) };
      await applyGc(plan, createPorts(world, name, act, options));
    },
  };
}

const released = { digest: BLOB, size: 1, released: true };
/** Made long ago, of a store that looked different: whatever a plan says must be safe to carry out. */
const sweepPlan: GcPlan = planGc(createSnapshot({ takenAtMs: 0, blobs: [released] }));
const dropPlan: GcPlan = createDropPlan();
const recoveryPlan: GcPlan = planGc(createSnapshot({ takenAtMs: 0, trashed: [BLOB] }));

/** A loose copy, if there is one, is somebody else's matter here. */
function createDropPlan(): GcPlan {
  const packs = [{ id: "old", digests: [BLOB] }];
  const snapshot = createSnapshot({ takenAtMs: 0, blobs: [released], packs });
  const { digest: _, ...plan } = planGc(snapshot);
  return sealPlan({ ...plan, candidates: [] });
}

function createPorts(world: World, self: string, act: Act, options: SweeperOptions): GcPorts {
  const { mutant } = options;
  let earlier: readonly Root[] | undefined;

  /** Not one instant: each name is a step of its own, and one that moves may be missed. */
  async function readNames(): Promise<readonly Root[]> {
    const roots: Root[] = [];
    const names = Object.keys(world.names).sort();
    for (const name of options.backwards ? names.toReversed() : names) {
      if (await act(`D2 read name ${name}`, () => world.names[name])) {
        roots.push({ name, digests: [BLOB] });
      }
    }
    return roots;
  }

  function trashOf(owner: string): GcTrashed {
    return {
      digest: BLOB,
      size: 1,
      async restore() {
        await act("D3 link", () => {
          if (world.trash[owner]) world.data = true;
        });
        await act("D3 unlink", () => void delete world.trash[owner]);
      },
      async destroy() {
        await act("D4 unlink", () => void delete world.trash[owner]);
        return !world.data;
      },
    };
  }

  return {
    now: () => 0,
    blobs: {
      async *list() {},
      stat: async () => undefined,
      async trash() {
        if (mutant === "looks before it moves") earlier = await readNames();
        const moved = await act("D1 rename", () => {
          if (!world.data) return false;
          world.data = false;
          world.trash[self] = true;
          return true;
        });
        return moved ? trashOf(self) : undefined;
      },
      async *listTrash() {
        const owners = await act("list trash", () => Object.keys(world.trash).sort());
        for (const owner of owners) yield trashOf(owner);
      },
    },
    leases: {
      async *list() {
        if (mutant === "names before leases") earlier = await readNames();
        if (!options.readsLeases) return;
        const holders = await act("D2 read leases", () => Object.keys(world.leases).sort());
        yield* holders.map(leaseOf);
      },
    },
    async *roots() {
      if (mutant === "no second look") return;
      yield* earlier ?? (await readNames());
    },
    withSweepLock: () => Promise.reject(new Error("nothing here may rely on a lock")),
    packs: world.packs === undefined ? undefined : createPackPort(world.packs, self, act),
  };
}

function leaseOf(id: string): GcLease {
  return { id, digests: [BLOB], reason: "publish", live: true };
}
