import type { AbortOptions } from "@store/layout";
import type { Name, StoredManifest } from "@store/manifest";

import type { PullPorts } from "../pull-options.ts";

/** What a name holds, and where that can be had, as far as it was written down. */
export interface ExistingManifest extends StoredManifest {
  /** Locations an earlier pull recorded for the manifest itself. */
  readonly places: readonly string[];
}

export async function readExisting(
  name: Name,
  { manifests, readOrigins }: Pick<PullPorts, "manifests" | "readOrigins">,
  { signal }: AbortOptions,
): Promise<ExistingManifest | undefined> {
  const stored = await manifests.get(name, { signal });
  if (stored === undefined) return undefined;
  const origins = (await readOrigins?.(stored.descriptor.digest)) ?? [];
  return { ...stored, places: origins.map(({ location }) => location) };
}
