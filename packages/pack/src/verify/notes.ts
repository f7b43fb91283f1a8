import type { Finding } from "@store/layout";

import { type PackFileKind, packFileName, type PackId } from "../chkl/pack-id.ts";

/** Files of a pack without its index. */
export function unindexed(
  id: PackId,
  kinds: ReadonlySet<PackFileKind | "dat.parts.json">,
): Finding {
  const names = [...kinds].map((kind) => packFileName(id, kind)).join(", ");
  return {
    severity: "note",
    code: "ERR_STORE_PACK_UNINDEXED",
    subject: `pack-${id}`,
    message: `pack ${id} has no index, so it does not exist; there is ${names}`,
    hint: "An interrupted write leaves such files, and sweeps remove them. If the data is whole, `store verify --repair` makes the index anew.",
    detail: { pack: id },
  };
}

/** A pack some or all entries of which no sidecar names. */
export function unidentified(id: PackId, entryCount: number, identifiedCount: number): Finding {
  const count = entryCount - identifiedCount;
  return {
    severity: "note",
    code: "ERR_STORE_IDENTITY_MISSING",
    subject: `pack-${id}`,
    message: `pack ${id} has no SHA-256 for ${count} of ${entryCount} entries`,
    hint: "`store verify --repair` makes a sidecar, to find them by digest; until then they are found by key.",
    detail: { pack: id, count },
  };
}
