import type { Digest } from "@store/layout";
import { filesOf } from "@store/manifest";

import type { ResolvedModel } from "../source.ts";
import type { ExistingManifest } from "./read-existing.ts";
import { isSameSource, revisionOf } from "./same-source.ts";

/**
 * The digests an earlier pull of the same revision recorded, by path: small files, of which a hub
 * says only git's hash, need then not be fetched again. They are hints, and checked before use.
 */
export function recordedDigests(
  model: ResolvedModel,
  recorded: ExistingManifest | undefined,
): ReadonlyMap<string, Digest> {
  const isSame =
    recorded !== undefined &&
    model.revision !== "" &&
    isSameSource(recorded, model) &&
    revisionOf(recorded.document) === model.revision;
  if (!isSame) return new Map();
  return new Map(filesOf(recorded.document).map(({ path, digest }) => [path, digest]));
}
