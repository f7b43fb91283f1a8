import { type Digest, StoreError } from "@store/layout";
import type { ImageIndex } from "@store/manifest";

import { modelNotFound } from "../../http/http-errors.ts";

export interface ManifestChoice {
  /** What was asked for, for messages. */
  readonly what: string;
  /** `os/architecture` */
  readonly platform: string | undefined;
}

/**
 * The entry of an index that is the model: the only one that is no attestation, else the first for
 * the platform.
 *
 * @throws StoreError `ERR_STORE_LOCATION_AMBIGUOUS`, `ERR_STORE_MODEL_NOT_FOUND`
 */
export function chooseManifest(index: ImageIndex, { what, platform }: ManifestChoice): Digest {
  const entries = index.manifests.filter(
    ({ annotations }) => annotations["vnd.docker.reference.type"] === undefined,
  );
  const [first, ...others] = entries;
  if (first === undefined) throw modelNotFound(what, "model", { message: `${what} is empty` });
  if (others.length === 0) return first.digest;
  const fit = entries.find(
    (entry) =>
      platform !== undefined &&
      (entry.platform === platform || entry.platform?.startsWith(`${platform}/`) === true),
  );
  if (fit !== undefined) return fit.digest;
  const [repository = what] = what.split(/@|:(?=[^/]*$)/);
  const choices = entries.map((entry) => `${entry.platform ?? "no platform"} ${entry.digest}`);
  throw new StoreError(
    `${what} holds ${entries.length} manifests: ${choices.slice(0, 12).join(", ")}`,
    {
      kind: "invalid",
      code: "ERR_STORE_LOCATION_AMBIGUOUS",
      hint: `Choose one, as in ${repository}@${first.digest}.`,
      detail: { location: what, choices },
    },
  );
}
