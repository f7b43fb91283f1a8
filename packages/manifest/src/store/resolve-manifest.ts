import { type AbortOptions, type Descriptor, isStoreError } from "@store/layout";

import type { StoredManifest } from "./manifest-store.ts";
import type { StoreContext } from "./store-context.ts";

/**
 * Identity of a manifest that was read. The bytes of a linked one become a blob if they are none
 * yet: Ollama, or a person with an editor, wrote the file without.
 */
export async function resolveManifest(
  { layout, blobs }: StoreContext,
  stored: StoredManifest,
  options: AbortOptions,
): Promise<Descriptor> {
  const { document, descriptor, bytes } = stored;
  if (document.kind === "v1" || layout.readOnly !== undefined) return descriptor;
  if ((await blobs.stat(descriptor.digest, options)) !== undefined) return descriptor;
  try {
    await blobs.put(descriptor, bytes, options);
  } catch (error) {
    // The question is answered all the same where nothing may be written, or no space is left.
    if (!isStoreError(error) || (error.kind !== "denied" && error.kind !== "exhausted"))
      throw error;
  }
  return descriptor;
}
