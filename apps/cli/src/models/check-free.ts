import { StoreError } from "@store/layout";
import { formatName, type ManifestStore, type Name } from "@store/manifest";

/**
 * Refuses a name that leads somewhere already: nobody loses a model by a name typed twice.
 *
 * @throws StoreError `ERR_STORE_NAME_TAKEN`
 */
export async function checkFree(
  manifests: Pick<ManifestStore, "locate">,
  name: Name,
): Promise<void> {
  const entry = await manifests.locate(name);
  if (entry !== undefined) throw nameTaken(entry.name);
}

export function nameTaken(name: Name): StoreError {
  const text = formatName(name);
  return new StoreError(`${text} exists already`, {
    kind: "conflict",
    code: "ERR_STORE_NAME_TAKEN",
    hint: "Choose another name, remove this one first, or replace it with --force.",
    detail: { name: text },
  });
}
