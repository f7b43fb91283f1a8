import { type Digest, isStoreError, StoreError } from "@store/layout";
import {
  decodeManifest,
  type Document,
  findName,
  formatName,
  MANIFEST_BYTES_MAX,
  parseName,
  REF_DEFAULTS,
  referencedDigests,
} from "@store/manifest";

import type { Store } from "../open-store.ts";
import { findModel } from "./find-model.ts";

/** Something a person asks to keep, or asks about: a name or a digest, with all that belongs to it. */
export interface Kept {
  /** The name in full, as it is spelled on disk, or the digest. */
  readonly subject: string;
  readonly isName: boolean;
  /** Ascending. A name's, or a manifest's, is everything it needs and has here. */
  readonly digests: readonly Digest[];
}

/** An index of indexes is rare, a third level unheard of. */
const NESTING_MAX = 4;

/** @throws StoreError `ERR_STORE_REF_INVALID`, `ERR_STORE_MANIFEST_NOT_FOUND`, `ERR_STORE_BLOB_NOT_FOUND` */
export async function findKept(store: Store, text: string): Promise<Kept> {
  const asked = parseName(text, { defaults: REF_DEFAULTS });
  if (asked.name === undefined && asked.digest !== undefined) {
    const digests = await belowBlob(store, asked.digest, 0);
    if (digests.length === 0) throw blobNotFound(asked.digest);
    return { subject: asked.digest, isName: false, digests: inOrder(digests) };
  }
  const { name, document, descriptor } = await findModel(store.manifests, text);
  const own = document.kind === "v1" ? [] : [descriptor.digest];
  const digests = inOrder([...own, ...(await belowDocument(store, document, 0))]);
  return { subject: formatName(name), isName: true, digests };
}

/**
 * What a pin of this text may be called: a bare word means the flat name first. The name itself may
 * be gone by now.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export async function subjectsOf(store: Store, text: string): Promise<readonly string[]> {
  const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
  if (name === undefined) return digest === undefined ? [] : [digest];
  const there = await findName(store.manifests, text);
  const subjects = there === undefined ? [] : [formatName(there)];
  subjects.push(formatName(name));
  if (name.kind === "flat") {
    const { host, namespace, tag } = REF_DEFAULTS;
    subjects.push(formatName({ kind: "ref", host, namespace, model: name.name, tag }));
  }
  return subjects;
}

/** A blob and, where it is a manifest, what that needs; nothing where it is absent. */
async function belowBlob(store: Store, digest: Digest, depth: number): Promise<readonly Digest[]> {
  const info = await store.blobs.stat(digest);
  if (info === undefined) return [];
  if (info.size > MANIFEST_BYTES_MAX || depth > NESTING_MAX) return [digest];
  const document = await readDocumentBlob(store, digest);
  if (document === undefined) return [digest];
  return [digest, ...(await belowDocument(store, document, depth))];
}

async function belowDocument(
  store: Store,
  document: Document,
  depth: number,
): Promise<readonly Digest[]> {
  const needed = [...referencedDigests(document)];
  // Only an index leads to further manifests; of platforms that are not here, nothing is needed.
  if (document.kind !== "index") return needed;
  const nested: Digest[] = [];
  for (const digest of needed) nested.push(...(await belowBlob(store, digest, depth + 1)));
  return nested;
}

/** `undefined` for a blob that is no manifest. */
async function readDocumentBlob(store: Store, digest: Digest): Promise<Document | undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.blobs.read(digest)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes[0] !== "{".codePointAt(0)) return undefined;
  try {
    return decodeManifest(bytes);
  } catch (error) {
    if (isStoreError(error) && (error.kind === "corrupt" || error.kind === "unsupported")) {
      return undefined;
    }
    throw error;
  }
}

function inOrder(digests: readonly Digest[]): readonly Digest[] {
  return [...new Set(digests)].toSorted();
}

export function blobNotFound(digest: Digest): StoreError {
  return new StoreError(`the store has no blob ${digest}`, {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    hint: "`store show NAME` shows the digests of a model.",
    detail: { digest },
  });
}
