import type { Digest } from "@store/layout";

import { ENTRY_COUNT_MAX, ENTRY_HEADER_BYTES, HEADER_BYTES } from "../chkl/pack-header.ts";
import type { PackId } from "../chkl/pack-id.ts";
import type { PackKey } from "../hash/pack-key.ts";
import { createGradualMap, type GradualMap } from "../loop/gradual-map.ts";
import { sortSliced } from "../loop/sort-sliced.ts";
import { finishInTurns, type Sliced, visitSliced } from "../loop/turns.ts";
import type { PackInfo, RepackPlan, RepackPolicy, RepackSource } from "./repack-plan.ts";

/**
 * Decides which packs to write anew with only what is live, and which small ones to merge.
 *
 * Every live digest a deleted pack held is in one of the writes or in a pack that is kept; whether
 * there is a loose copy plays no part. A pack with entries of unknown identity is kept, because
 * nobody can tell what of it is live. Same input, same plan, in whatever order the packs come.
 *
 * Others have the thread in between: `live` must not change meanwhile.
 */
export async function planRepack(
  packs: readonly PackInfo[],
  live: ReadonlySet<Digest>,
  policy: RepackPolicy,
): Promise<RepackPlan> {
  checkPolicy(policy);
  return await finishInTurns(planSliced(packs, live, policy));
}

function* planSliced(
  packs: readonly PackInfo[],
  live: ReadonlySet<Digest>,
  policy: RepackPolicy,
): Sliced<RepackPlan> {
  const sorted = packs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const sparse = new Set<PackInfo>();
  for (const pack of sorted) if (yield* isSparse(pack, live, policy)) sparse.add(pack);
  const small = sorted.filter(
    (pack) => !sparse.has(pack) && isIdentified(pack) && pack.size < policy.mergeBelowBytes,
  );
  // One small pack has nothing to be merged with.
  if (small.length + sparse.size >= 2) {
    const merged = yield* plan(sorted, new Set([...sparse, ...small]), live, policy);
    // A merge that frees nothing and leaves as many packs would be planned again for ever.
    if (merged.reclaimBytes > 0 || merged.writes.length < merged.deletes.length) return merged;
  }
  return yield* plan(sorted, sparse, live, policy);
}

function* plan(
  packs: readonly PackInfo[],
  going: ReadonlySet<PackInfo>,
  live: ReadonlySet<Digest>,
  policy: RepackPolicy,
): Sliced<RepackPlan> {
  const keeps = packs.filter((pack) => !going.has(pack));
  const deletes = packs.filter((pack) => going.has(pack));
  const kept = createGradualMap<Digest, PackId>();
  for (const { id, objects } of keeps) {
    yield* visitSliced(objects, ({ digest }) => {
      if (!kept.has(digest)) kept.set(digest, id);
    });
  }

  const writes = createWrites(policy);
  const placed = createGradualMap<Digest, true>();
  const relied: { digest: Digest; pack: PackId }[] = [];
  for (const { id, objects } of deletes) {
    const inOrder = yield* sortSliced(objects, (a, b) => a.offset - b.offset);
    yield* visitSliced(inOrder, (object) => {
      const { digest } = object;
      if (!live.has(digest) || placed.has(digest)) return;
      placed.set(digest, true);
      const pack = kept.get(digest);
      if (pack === undefined) writes.place({ ...object, pack: id });
      else relied.push({ digest, pack });
    });
  }
  const before = deletes.reduce((sum, { size }) => sum + size, 0);
  return {
    version: 1,
    writes: writes.list(),
    deletes: deletes.map(({ id }) => id),
    relied: yield* sortSliced(relied, (a, b) => (a.digest < b.digest ? -1 : 1)),
    keeps: keeps.map(({ id }) => id),
    reclaimBytes: before - writes.bytes(),
  };
}

/** New packs being filled one after the other. */
interface Writes {
  place(object: RepackSource): void;
  list(): RepackPlan["writes"];
  bytes(): number;
}

interface Write {
  readonly objects: RepackSource[];
  readonly keys: GradualMap<PackKey, true>;
  size: number;
}

function createWrites({ packBytesMax }: RepackPolicy): Writes {
  const writes: Write[] = [];
  return {
    place(object) {
      const size = ENTRY_HEADER_BYTES + object.encodedSize;
      let current = writes.at(-1);
      // A pack finds by key: two contents of one key cannot share one.
      const fits =
        current !== undefined &&
        current.size + size <= packBytesMax &&
        current.objects.length < ENTRY_COUNT_MAX &&
        !current.keys.has(object.key);
      if (current === undefined || !fits) {
        current = { objects: [], keys: createGradualMap(), size: HEADER_BYTES };
        writes.push(current);
      }
      current.objects.push(object);
      current.keys.set(object.key, true);
      current.size += size;
    },
    list: () => writes.map(({ objects }) => ({ objects })),
    bytes: () => writes.reduce((sum, { size }) => sum + size, 0),
  };
}

function isIdentified(pack: PackInfo): boolean {
  return pack.objects.length === pack.count;
}

/** Whether too little of a pack is live. */
function* isSparse(
  pack: PackInfo,
  live: ReadonlySet<Digest>,
  policy: RepackPolicy,
): Sliced<boolean> {
  if (!isIdentified(pack)) return false;
  const seen = new Set<Digest>();
  let liveBytes = 0;
  yield* visitSliced(pack.objects, ({ digest, encodedSize }) => {
    if (!live.has(digest) || seen.has(digest)) return;
    seen.add(digest);
    liveBytes += ENTRY_HEADER_BYTES + encodedSize;
  });
  return liveBytes === 0 || liveBytes / (pack.size - HEADER_BYTES) < policy.liveShareMin;
}

function checkPolicy({ liveShareMin, mergeBelowBytes, packBytesMax }: RepackPolicy): void {
  if (!(liveShareMin >= 0 && liveShareMin <= 1)) {
    throw new TypeError(`liveShareMin must be from 0 to 1, not ${liveShareMin}`);
  }
  if (!(mergeBelowBytes >= 0) || !(packBytesMax >= 2 * mergeBelowBytes)) {
    throw new TypeError("packBytesMax must be at least twice mergeBelowBytes");
  }
}
