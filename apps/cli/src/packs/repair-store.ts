import { type Digest, type Finding, ifPresent, isDigest, recheckBlob } from "@store/layout";
import { type PackRepair, repairPacks } from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import type { Store } from "../open-store.ts";
import { formatPlural } from "../output/format-count.ts";

/** What `store verify --repair` did. */
export interface StoreRepair {
  /** Loose blobs with wrong bytes. */
  readonly quarantined: readonly Digest[];
  readonly mended: readonly PackRepair[];
}

/** Moves wrong bytes to quarantine, so that a pull fetches them anew, and mends packs. */
export async function repairStore(
  context: CommandContext,
  store: Store,
  findings: readonly Finding[],
): Promise<StoreRepair> {
  const quarantined: Digest[] = [];
  for (const { severity, subject } of findings) {
    if (severity !== "error" || !isDigest(subject) || quarantined.includes(subject)) continue;
    const { fs, paths } = store.layout;
    if ((await ifPresent(fs.lstat(paths.blob(subject)))) === undefined) continue;
    if (await recheckBlob(store.layout, subject, { signal: context.signal })) continue;
    quarantined.push(subject);
    context.output.text(`${subject} is in quarantine; pull the model that needs it again\n`);
  }
  const mended = await repairPacks(store.layout, findings, { signal: context.signal });
  for (const repair of mended) context.output.text(`${toText(repair)}\n`);
  return { quarantined, mended };
}

function toText(repair: PackRepair): string {
  if (repair.kind === "index") return `pack ${repair.pack} has a new index`;
  if (repair.kind === "identity") return `pack ${repair.pack} has a new sidecar`;
  const saved = formatPlural(repair.salvaged.length, "blob");
  return `pack ${repair.pack} is in quarantine, and ${saved} of it in files of their own; pull the models that need others again`;
}
