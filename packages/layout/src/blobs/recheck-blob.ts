import type { AbortOptions } from "../abort-options.ts";
import type { Digest } from "../digest/digest.ts";
import { explaining } from "../errors/system-error.ts";
import type { Layout } from "../root/layout.ts";
import { removeChunkMap } from "../sidecars/chunk-sidecar.ts";
import { ensureVerified } from "./ensure-verified.ts";

/**
 * Hashes a loose blob again although it was hashed before. Wrong bytes go to quarantine (INV-8), so
 * that the blob is absent and can be fetched anew.
 *
 * @returns whether the blob is there with the right bytes
 */
export async function recheckBlob(
  layout: Layout,
  digest: Digest,
  options: AbortOptions = {},
): Promise<boolean> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  return explaining(`check blob ${digest}`, async () => {
    await removeChunkMap(layout, digest);
    return (await ensureVerified(layout, digest, options)) !== undefined;
  });
}
