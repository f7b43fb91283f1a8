import type { AbortOptions } from "@store/layout";

import { REF_DEFAULTS } from "../name/name.ts";
import type { Name } from "../name/name.ts";
import { parseName } from "../name/parse-name.ts";
import type { ManifestStore } from "./manifest-store.ts";
import { refTwin } from "./name-conflicts.ts";

/**
 * The existing name a person means by a text, as it is spelled on disk.
 *
 * A bare word is the flat name first and then `registry.ollama.ai/library/<word>:latest`; anything
 * else is a reference with Ollama's defaults. With a digest after `@` the name counts only if it
 * holds exactly that manifest. A digest alone means no name.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export async function findName(
  manifests: Pick<ManifestStore, "locate" | "resolve">,
  text: string,
  options: AbortOptions = {},
): Promise<Name | undefined> {
  const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
  if (name === undefined) return undefined;
  const twin = name.kind === "flat" ? refTwin(name) : undefined;
  const entry =
    (await manifests.locate(name, options)) ??
    (twin === undefined ? undefined : await manifests.locate(twin, options));
  if (entry === undefined || digest === undefined) return entry?.name;
  const held = await manifests.resolve(entry.name, options);
  return held?.digest === digest ? entry.name : undefined;
}
