import { type Digest, StoreError } from "@store/layout";
import {
  findName,
  type ManifestStore,
  type Name,
  parseName,
  REF_DEFAULTS,
  type StoredManifest,
} from "@store/manifest";

/**
 * Reads a text that is to name a model. Touches nothing, so that a bad one leaves no trace.
 *
 * @returns the manifest it must lead to, if the text says so
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export function checkAsked(text: string): Digest | undefined {
  const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
  if (name !== undefined) return digest;
  throw refInvalid(text, "a digest alone is no name", "Use a name that `store list` shows.");
}

/**
 * Reads the name of something that is about to be recorded. Touches nothing either.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export function parseNewName(text: string): Name {
  const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
  if (name !== undefined && digest === undefined) return name;
  throw refInvalid(text, "a new name has no digest", "Leave it out: it follows from the bytes.");
}

/**
 * The name on disk that a text means.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_NOT_FOUND`
 */
export async function locateModel(manifests: ManifestStore, text: string): Promise<Name> {
  const name = await findName(manifests, text);
  if (name === undefined) throw modelNotFound(text);
  return name;
}

/**
 * The manifest that a text means.
 *
 * @throws StoreError `ERR_STORE_MANIFEST_NOT_FOUND`, and whatever reading it says
 */
export async function findModel(manifests: ManifestStore, text: string): Promise<StoredManifest> {
  const stored = await manifests.get(await locateModel(manifests, text));
  // It went away between the two questions.
  if (stored === undefined) throw modelNotFound(text);
  return stored;
}

export function modelNotFound(text: string): StoreError {
  return new StoreError(`no model is called ${text}`, {
    kind: "not-found",
    code: "ERR_STORE_MANIFEST_NOT_FOUND",
    hint: "`store list` shows the names there are.",
    detail: { ref: text },
  });
}

function refInvalid(text: string, message: string, hint: string): StoreError {
  return new StoreError(`${message}: ${text}`, {
    kind: "invalid",
    code: "ERR_STORE_REF_INVALID",
    hint,
    detail: { text, part: "digest", index: Math.max(0, text.lastIndexOf("@")) },
  });
}
