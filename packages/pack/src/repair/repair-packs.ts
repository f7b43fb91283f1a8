import {
  type AbortOptions,
  type Digest,
  type ErrorCode,
  type Finding,
  type Layout,
  openBlobStore,
  quarantineFile,
} from "@store/layout";

import { packDirectoryOf } from "../chkl/pack-home.ts";
import { asPackId, type PackId } from "../chkl/pack-id.ts";
import { isLoose } from "../move/is-loose.ts";
import { rescueIndex } from "../trash/rescue-index.ts";
import { retirePacks } from "../trash/retire-packs.ts";
import { isVisible } from "../trash/trash-pack.ts";
import { mendIdentity, mendIndex } from "./mend-tables.ts";
import { salvagePack } from "./salvage-pack.ts";

/** What was done for one pack. */
export type PackRepair =
  /** A table was made anew from the data; the old one, if there was one, is in quarantine. */
  | { readonly kind: "index"; readonly pack: PackId }
  | { readonly kind: "identity"; readonly pack: PackId }
  /**
   * The data is damaged. The objects that could still be read have files of their own, the pack is
   * in quarantine, and what else it held is gone until it is fetched again.
   */
  | { readonly kind: "quarantined"; readonly pack: PackId; readonly salvaged: readonly Digest[] };

/** The data is wrong, or what it holds. */
const DATA_DAMAGE: readonly ErrorCode[] = [
  "ERR_STORE_PACK_INVALID",
  "ERR_STORE_PACK_TRUNCATED",
  "ERR_STORE_PACK_CHECKSUM_MISMATCH",
  "ERR_STORE_ENTRY_INVALID",
];
const INDEX_DAMAGE: readonly ErrorCode[] = ["ERR_STORE_INDEX_INVALID", "ERR_STORE_PACK_UNINDEXED"];

/**
 * Mends what `verifyPacks` found. What can be read stays readable at every instant, and no bad byte
 * is deleted (INV-8). Findings about anything else are passed over, as is what only a newer program
 * or a healthier disk can mend.
 *
 * @throws StoreError where the store cannot be written; what was mended until then stays mended
 */
export async function repairPacks(
  layout: Layout,
  findings: Iterable<Finding>,
  options: AbortOptions = {},
): Promise<readonly PackRepair[]> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  const repairs: PackRepair[] = [];
  for (const [pack, codes] of groupByPack(findings)) {
    options.signal?.throwIfAborted();
    if (DATA_DAMAGE.some((code) => codes.has(code))) {
      const salvaged = await setAside(layout, pack, options);
      if (salvaged !== undefined) repairs.push({ kind: "quarantined", pack, salvaged });
      continue;
    }
    if (INDEX_DAMAGE.some((code) => codes.has(code))) {
      if (!(await mendIndex(layout, pack, options))) continue;
      repairs.push({ kind: "index", pack });
    }
    if (await mendIdentity(layout, pack, options)) repairs.push({ kind: "identity", pack });
  }
  return repairs;
}

function groupByPack(findings: Iterable<Finding>): ReadonlyMap<PackId, ReadonlySet<ErrorCode>> {
  const groups = new Map<PackId, Set<ErrorCode>>();
  for (const { code, detail } of findings) {
    const id = asPackId(detail?.["pack"]);
    if (id !== undefined) groups.set(id, (groups.get(id) ?? new Set()).add(code));
  }
  return groups;
}

/**
 * Takes a damaged pack away through D1–D4, into quarantine, once all that could be had of it has
 * files of its own. Answers nothing where somebody needs the pack, or has taken it.
 */
async function setAside(
  layout: Layout,
  id: PackId,
  options: AbortOptions,
): Promise<readonly Digest[] | undefined> {
  const directory = packDirectoryOf(layout);
  const blobs = openBlobStore(layout);
  const salvaged = await salvagePack(layout, id, options);
  if (!((await isVisible(directory, id)) || (await rescueIndex(directory, id)))) return undefined;
  const gone = await retirePacks(
    directory,
    [id],
    async (trashed) => {
      // INV-4: this look comes after D1, and a loose file on its way into this pack gets its name back.
      for (const digest of salvaged) {
        if (!(await isLoose(blobs, digest, options))) return new Set();
      }
      return trashed;
    },
    (path) => quarantineFile(layout, path, { reason: "pack-damaged" }),
  );
  return gone.length === 0 ? undefined : salvaged;
}
