import {
  type AbortOptions,
  type BlobReader,
  type Descriptor,
  type Finding,
  isStoreError,
  type StoreError,
} from "@store/layout";

import { filesOf } from "../document/files-of.ts";
import { formatName } from "../name/format-name.ts";
import { gatherBlobs } from "../store/gather-blobs.ts";
import type { ManifestEntry, ManifestStore, StoredManifest } from "../store/manifest-store.ts";
import { blobMissing, nameMismatch } from "../store/store-errors.ts";

type Blobs = Pick<BlobReader, "stat" | "read">;

/**
 * Checks every name: that its manifest is whole and valid, that a v1 manifest is called like its
 * file, that every blob it needs is there with the size it says, that its files have usable paths.
 * Findings come in the order of the names. Nothing is changed, and no blob is hashed: that is
 * `verifyBlobs`.
 */
export async function* verifyManifests(
  manifests: Pick<ManifestStore, "list" | "listStrays" | "get">,
  blobs: Blobs,
  options: AbortOptions = {},
): AsyncGenerator<Finding> {
  for await (const entry of manifests.list(options)) {
    options.signal?.throwIfAborted();
    yield* verifyName(manifests, blobs, entry, options);
  }
  for await (const path of manifests.listStrays(options)) {
    yield {
      severity: "note",
      code: "ERR_STORE_REF_INVALID",
      subject: path,
      message: `${path} lies where manifests are, but its path is no name`,
      hint: "If it is a manifest, what it needs is kept from the sweep all the same.",
      detail: { path },
    };
  }
}

async function* verifyName(
  manifests: Pick<ManifestStore, "get">,
  blobs: Blobs,
  entry: ManifestEntry,
  options: AbortOptions,
): AsyncGenerator<Finding> {
  const subject = formatName(entry.name);
  try {
    const stored = await manifests.get(entry.name, options);
    if (stored === undefined) return;
    yield* verifyDocument(stored, subject);
    yield* verifyBlobsOf(stored, blobs, subject, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStoreError(error) || !isAboutContent(error)) throw error;
    yield toFinding(error, subject);
  }
}

/** Damage is a finding; a disk that fails or forbids is the end of the verification. */
function isAboutContent(error: StoreError): boolean {
  return error.kind === "corrupt" || error.kind === "unsupported";
}

function* verifyDocument(stored: StoredManifest, subject: string): Generator<Finding> {
  const { document, name, path } = stored;
  if (document.kind === "v1" && name.kind === "flat" && document.name !== name.name) {
    yield toFinding(nameMismatch(path, document.name, name.name), subject);
  }
  if ((document.kind === "v1") !== (name.kind === "flat")) {
    yield {
      severity: "error",
      code: "ERR_STORE_NAME_UNFIT",
      subject,
      message: `${subject} holds a manifest of the other kind`,
      hint: "A flat name holds a v1 manifest, a reference any other.",
      detail: { path },
    };
  }
  try {
    filesOf(document);
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_MANIFEST_INVALID")) throw error;
    yield toFinding(error, subject);
  }
}

async function* verifyBlobsOf(
  stored: StoredManifest,
  blobs: Blobs,
  subject: string,
  options: AbortOptions,
): AsyncGenerator<Finding> {
  const { document, descriptor, name } = stored;
  const { needed, absent } = await gatherBlobs(document, blobs, options);
  const seen = new Map(needed.map((needs) => [needs.digest, needs]));
  for (const needs of seen.values()) {
    const info = await blobs.stat(needs.digest, options);
    if (info === undefined) yield toFinding(blobMissing(name, needs.digest), subject);
    else if (info.size !== needs.size) yield sizeMismatch(subject, needs, info.size);
  }
  const [lacking] = absent;
  if (needed.length === 0 && lacking !== undefined) {
    yield toFinding(blobMissing(name, lacking.digest), subject);
  }
  if (document.kind !== "v1" && (await blobs.stat(descriptor.digest, options)) === undefined) {
    yield {
      severity: "note",
      code: "ERR_STORE_BLOB_NOT_FOUND",
      subject,
      message: `the manifest of ${subject} is no blob yet: another program wrote or changed it`,
      hint: "It becomes one when the name is next resolved.",
      detail: { digest: descriptor.digest },
    };
  }
}

function sizeMismatch(subject: string, { digest, size }: Descriptor, actual: number): Finding {
  return {
    severity: "error",
    code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    subject,
    message: `${subject} says that ${digest} has ${size} bytes; it has ${actual}`,
    hint: "Pull the model again.",
    detail: { digest, expected: size, actual },
  };
}

function toFinding(error: StoreError, subject: string): Finding {
  const { code, message, hint, detail } = error;
  return { severity: "error", code, subject, message, hint, detail };
}
