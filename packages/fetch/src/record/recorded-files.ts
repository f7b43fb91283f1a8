import type { Digest } from "@store/layout";
import { type Document, filesOf } from "@store/manifest";

import type { ResolvedModel } from "../source.ts";
import { isSameSource, revisionOf } from "./same-source.ts";

/**
 * The digests an earlier pull of the same revision recorded, by path: small files, of which a hub
 * says only git's hash, need then not be fetched again. They are hints, and checked before use.
 */
export function recordedDigests(
  model: ResolvedModel,
  recorded: Document | undefined,
): ReadonlyMap<string, Digest> {
  const isSame =
    recorded !== undefined &&
    model.revision !== "" &&
    isSameSource(recorded, model.source) &&
    revisionOf(recorded) === model.revision;
  if (!isSame) return new Map();
  return new Map(filesOf(recorded).map(({ path, digest }) => [path, digest]));
}
