import { type AbortOptions, type Digest, type Layout, openBlobStore } from "@store/layout";

import { parsePackId } from "../chkl/pack-id.ts";
import type { PackReader } from "../chkl/pack-reader.ts";
import { finishInTurns, visitSliced } from "../loop/turns.ts";
import type { PackSet } from "../set/pack-set.ts";
import { applyRepack, type ApplyRepackOptions } from "./apply-repack.ts";
import { packInfoOf } from "./pack-info-of.ts";
import type { RepackPlan } from "./repack-plan.ts";

/** What a sweep sees of packs: which objects they hold, and how to be rid of some. */
export interface SweepablePacks {
  /** Packs all of whose objects are identified; of any other nobody can tell what may go. */
  list(
    options?: AbortOptions,
  ): AsyncIterable<{ readonly id: string; readonly digests: readonly Digest[] }>;
  /**
   * Rewrites a pack without some of its objects and takes the old one through D1–D4.
   *
   * @returns bytes freed; 0 if the pack was kept
   * @throws StoreError `ERR_STORE_PACK_ID_INVALID`
   */
  drop(
    id: string,
    digests: readonly Digest[],
    options: Pick<ApplyRepackOptions, "lookAgain" | "signal">,
  ): Promise<number>;
}

/** The packs of a store as a sweep works on them. */
export function openSweepablePacks(layout: Layout, packs: PackSet): SweepablePacks {
  return {
    async *list(options) {
      await packs.refresh(options);
      for (const pack of packs.packs()) {
        if (pack.identifiedCount !== pack.count) continue;
        yield { id: pack.id, digests: await digestsOf(pack) };
      }
    },
    async drop(text, digests, options) {
      const id = parsePackId(text);
      const pack = packs.packs().find((one) => one.id === id);
      if (pack === undefined) return 0;
      const dropped = new Set(digests);
      const { objects } = await packInfoOf(pack);
      const stays = objects.filter(({ digest }) => !dropped.has(digest));
      const plan: RepackPlan = {
        version: 1,
        writes:
          stays.length === 0 ? [] : [{ objects: stays.map((object) => ({ ...object, pack: id })) }],
        deletes: [id],
        relied: [],
        keeps: [],
        reclaimBytes: 0,
      };
      const { deleted, freedBytes } = await applyRepack(layout, plan, options);
      if (deleted.length === 0) return 0;
      // A mark that stayed would send a blob away at once if somebody added it again.
      await openBlobStore(layout).retain(digests);
      return Math.max(0, freedBytes);
    },
  };
}

async function digestsOf(pack: PackReader): Promise<readonly Digest[]> {
  const digests = new Set<Digest>();
  await finishInTurns(visitSliced(pack.objects(), ({ digest }) => digests.add(digest)));
  return [...digests];
}
