import { type BlobReader, type Digest, isStoreError } from "@store/layout";

import { decodeManifest } from "../document/decode-manifest.ts";
import type { Document } from "../document/document.ts";
import { MANIFEST_BYTES_MAX } from "../document/manifest-json.ts";
import { referencedDigests } from "../document/referenced-digests.ts";
import { formatName } from "../name/format-name.ts";
import { REF_DEFAULTS } from "../name/name.ts";
import { parseName } from "../name/parse-name.ts";
import { findName } from "./find-name.ts";
import type { ManifestStore } from "./manifest-store.ts";

/** What the answer is looked up in. */
export interface KeptPorts {
  readonly blobs: Pick<BlobReader, "stat" | "read">;
  readonly manifests: Pick<ManifestStore, "locate" | "resolve" | "get">;
}

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

/**
 * What a text stands for that is to be kept, or asked about; `undefined` if it is not here.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`, and whatever reading a manifest says
 */
export async function findKept(ports: KeptPorts, text: string): Promise<Kept | undefined> {
  const asked = parseName(text, { defaults: REF_DEFAULTS });
  if (asked.name === undefined && asked.digest !== undefined) {
    const digests = await belowBlob(ports, asked.digest, 0);
    if (digests.length === 0) return undefined;
    return { subject: asked.digest, isName: false, digests: inOrder(digests) };
  }
  const name = await findName(ports.manifests, text);
  const stored = name === undefined ? undefined : await ports.manifests.get(name);
  if (stored === undefined) return undefined;
  const { document, descriptor } = stored;
  const own = document.kind === "v1" ? [] : [descriptor.digest];
  const digests = inOrder([...own, ...(await belowDocument(ports, document, 0))]);
  return { subject: formatName(stored.name), isName: true, digests };
}

/**
 * What a pin of this text may be called: a bare word means the flat name first. The name itself may
 * be gone by now.
 *
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export async function keptSubjects(
  manifests: KeptPorts["manifests"],
  text: string,
): Promise<readonly string[]> {
  const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
  if (name === undefined) return digest === undefined ? [] : [digest];
  const there = await findName(manifests, text);
  const subjects = there === undefined ? [] : [formatName(there)];
  subjects.push(formatName(name));
  if (name.kind === "flat") {
    const { host, namespace, tag } = REF_DEFAULTS;
    subjects.push(formatName({ kind: "ref", host, namespace, model: name.name, tag }));
  }
  return subjects;
}

/** A blob and, where it is a manifest, what that needs; nothing where it is absent. */
async function belowBlob(
  ports: KeptPorts,
  digest: Digest,
  depth: number,
): Promise<readonly Digest[]> {
  const info = await ports.blobs.stat(digest);
  if (info === undefined) return [];
  if (info.size > MANIFEST_BYTES_MAX || depth > NESTING_MAX) return [digest];
  const document = await readDocumentBlob(ports, digest);
  if (document === undefined) return [digest];
  return [digest, ...(await belowDocument(ports, document, depth))];
}

async function belowDocument(
  ports: KeptPorts,
  document: Document,
  depth: number,
): Promise<readonly Digest[]> {
  const needed = [...referencedDigests(document)];
  // Only an index leads to further manifests; of platforms that are not here, nothing is needed.
  if (document.kind !== "index") return needed;
  const nested: Digest[] = [];
  for (const digest of needed) nested.push(...(await belowBlob(ports, digest, depth + 1)));
  return nested;
}

/** `undefined` for a blob that is no manifest. */
async function readDocumentBlob(ports: KeptPorts, digest: Digest): Promise<Document | undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of ports.blobs.read(digest)) chunks.push(chunk);
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
