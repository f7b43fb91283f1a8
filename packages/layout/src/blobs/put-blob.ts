import { type ByteSource, streamOf } from "../byte-source.ts";
import { type Descriptor, type Digest, EMPTY_DIGEST } from "../digest/digest.ts";
import type { StoreError } from "../errors/store-error.ts";
import { quarantineFile } from "../quarantine/quarantine.ts";
import type { Layout } from "../root/layout.ts";
import { type BlobHashes, createBlobHasher } from "../hashing/blob-hasher.ts";
import { writeFully } from "../fs/write-fully.ts";
import { digestMismatch, notKept, sizeMismatch, sourceTooLong } from "./blob-errors.ts";
import type { AddOptions, PutOptions } from "./blob-store.ts";
import { ensureVerified } from "./ensure-verified.ts";
import type { FoundBlob } from "./find-blob.ts";
import { ensureRoom } from "./free-space.ts";
import { publishBlob } from "./publish-blob.ts";
import { seeBlob } from "./see-blob.ts";
import { createStaging, type Staging } from "./staging.ts";

/** Takes bytes of known identity; see `BlobStore.put`. */
export async function putBlob(
  layout: Layout,
  expected: Descriptor,
  source: ByteSource,
  options: PutOptions = {},
): Promise<FoundBlob> {
  checkDescriptor(expected);
  if (layout.readOnly !== undefined) throw layout.readOnly;
  options.signal?.throwIfAborted();
  const seen = await seeBlob(layout, expected.digest);
  const present = seen ?? (await ensureVerified(layout, expected.digest, options));
  if (present !== undefined && present !== "absent") return present;
  return stage(layout, expected.size, async (staging) => {
    const hashes = await receive(
      staging,
      source,
      { ...options, size: expected.size },
      expected.digest,
    );
    if (hashes.digest !== expected.digest) {
      await staging.close();
      throw await mismatch(layout, staging.path, expected.digest, hashes);
    }
    return hashes;
  });
}

/** Takes bytes of unknown identity; see `BlobStore.add`. */
export async function addBlob(
  layout: Layout,
  source: ByteSource,
  options: AddOptions = {},
): Promise<{ readonly digest: Digest; readonly found: FoundBlob }> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  let digest: Digest = EMPTY_DIGEST;
  const found = await stage(layout, options.size ?? 0, async (staging) => {
    const hashes = await receive(staging, source, options);
    digest = hashes.digest;
    return hashes;
  });
  return { digest, found };
}

/** Runs `fill` on a staging file, then makes the file durable and publishes it. */
export async function stage(
  layout: Layout,
  sizeAtLeast: number,
  fill: (staging: Staging) => Promise<BlobHashes>,
): Promise<FoundBlob> {
  const staging = await createStaging(layout);
  let published = false;
  try {
    await ensureRoom(layout, sizeAtLeast);
    const hashes = await fill(staging);
    // What was hashed is what was given. Some file systems lose the end of it without a word.
    const { size } = await staging.file.stat();
    if (size !== hashes.chunks.size) throw notKept(hashes.chunks.size, size);
    await staging.file.chmod(0o444);
    await staging.file.sync();
    await staging.close();
    const found = await publishBlob(layout, hashes, staging.path);
    published = true;
    return found;
  } finally {
    await staging.release(published);
  }
}

async function receive(
  staging: Staging,
  source: ByteSource,
  options: AddOptions,
  digest?: Digest,
): Promise<BlobHashes> {
  const { size, signal, onProgress } = options;
  const hasher = await createBlobHasher();
  for await (const chunk of streamOf(source)) {
    signal?.throwIfAborted();
    if (size !== undefined && hasher.taken + chunk.length > size) throw sourceTooLong(size, digest);
    await writeFully(staging.file, chunk, hasher.taken);
    hasher.update(chunk);
    onProgress?.({ kind: "progress", done: hasher.taken, total: size });
  }
  signal?.throwIfAborted();
  if (size !== undefined && hasher.taken !== size) throw sizeMismatch(size, hasher.taken, digest);
  return hasher.finish();
}

function checkDescriptor({ digest, size }: Descriptor): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`not a size: ${size}`);
  // One digest has one size, and these two are known without reading anything.
  if ((digest === EMPTY_DIGEST) !== (size === 0)) throw sizeMismatch(size, undefined, digest);
}

/** Keeps the wrong bytes as evidence and says where. */
export async function mismatch(
  layout: Layout,
  path: string,
  expected: Digest,
  hashes: BlobHashes,
  origin?: string,
): Promise<StoreError> {
  const quarantinePath = await quarantineFile(layout, path, {
    reason: "digest-mismatch",
    expected,
    actual: hashes.digest,
    origin,
  });
  return digestMismatch(expected, hashes.digest, quarantinePath);
}
