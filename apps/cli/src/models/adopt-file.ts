import { type BlobInfo, type Descriptor, isStoreError, type Lease } from "@store/layout";
import {
  encodeModelPack,
  encodeV1,
  formatName,
  formatProducedAt,
  type Name,
  type StoredManifest,
} from "@store/manifest";
import type { ModelInfo } from "@store/manifest/inspect";

import type { CommandContext } from "../command-context.ts";
import type { Store } from "../open-store.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { PRODUCER } from "../version.ts";
import { inspectFile } from "./inspect-file.ts";
import type { LocalFile } from "./local-file.ts";

export interface AdoptFileOptions {
  readonly name: Name;
  /** What the name holds now; it is replaced only if it still does. */
  readonly existing: StoredManifest | undefined;
  readonly mode: "copy" | "link";
  /** Records the name although another one could be confused with it. */
  readonly force: boolean;
}

export interface Adopted {
  readonly blob: BlobInfo;
  /** Of the recorded manifest. */
  readonly descriptor: Descriptor;
  /** As the header tells it, else the file's ending; empty if neither does. */
  readonly format: string;
  readonly warnings: readonly string[];
}

/** Takes a file in and records its name: a v1 manifest if it is flat, an artifact otherwise. */
export async function adoptFile(
  context: CommandContext,
  store: Store,
  file: LocalFile,
  options: AdoptFileOptions,
): Promise<Adopted> {
  const { signal } = context;
  await using lease = await store.leases.acquire([], { reason: `add ${file.filename}` });
  const blob = await takeIn(context, store, file, { lease, mode: options.mode });
  const { info, warnings } = await readHeader(context, store, file, blob);
  const facts: Facts = { format: info?.format ?? file.format ?? "", license: info?.license };
  const bytes = await encode(store, file, blob, { facts, lease, name: options.name });
  const descriptor = await store.manifests.put(options.name, bytes, {
    ifMatch: options.existing?.descriptor.digest ?? null,
    force: options.force,
    signal,
  });
  return { blob, descriptor, format: facts.format, warnings };
}

/** Looks that a blob is still there after its lease began, before it is worth recording. */
const ATTEMPTS = 2;

async function takeIn(
  { signal, output }: CommandContext,
  { blobs }: Store,
  file: LocalFile,
  { lease, mode }: { readonly lease: Lease; readonly mode: "copy" | "link" },
): Promise<BlobInfo> {
  for (let attempt = 1; ; attempt += 1) {
    const blob = await blobs.adopt(file.path, {
      mode,
      signal,
      onProgress: ({ done }) => {
        output.status.draw(() => `reading ${formatBytes(done)} of ${formatBytes(file.size)}`);
      },
    });
    // Its digest was not known before, so a sweep may have taken it until here.
    await lease.add([blob.digest]);
    const there = await blobs.ensureVerified(blob.digest, { signal });
    if (there !== undefined || attempt === ATTEMPTS) return blob;
  }
}

async function readHeader(
  { signal }: CommandContext,
  { blobs }: Store,
  { filename, format }: LocalFile,
  blob: BlobInfo,
): Promise<{ readonly info: ModelInfo | undefined; readonly warnings: readonly string[] }> {
  try {
    const info = await inspectFile(blobs, blob, signal);
    if (info !== undefined || (format !== "gguf" && format !== "safetensors")) {
      return { info, warnings: [] };
    }
    return {
      info,
      warnings: [`${filename} is not what its name says: it has no ${format} header`],
    };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return {
      info: undefined,
      warnings: [`the header of ${filename} is damaged: ${error.message}`],
    };
  }
}

interface Facts {
  readonly format: string;
  readonly license: string | undefined;
}

async function encode(
  { layout, blobs }: Store,
  { filename }: LocalFile,
  { digest, size }: BlobInfo,
  { facts, lease, name }: { readonly facts: Facts; readonly lease: Lease; readonly name: Name },
): Promise<Uint8Array> {
  const { format, license } = facts;
  if (name.kind === "flat") {
    return encodeV1({
      kind: "v1",
      name: name.name,
      format,
      blob: digest,
      size,
      license,
      source: { registry: "", repo: "", revision: "", filename },
      producedBy: PRODUCER,
      producedAt: formatProducedAt(layout.now()),
    });
  }
  const { bytes, config } = encodeModelPack([{ path: filename, size, digest }], {
    name: formatName(name),
    format: format === "" ? undefined : format,
    licenses: license === undefined ? undefined : [license],
  });
  await lease.add([config.descriptor.digest]);
  // INV-3: the config is a blob before the manifest that names it is published.
  await blobs.put(config.descriptor, config.bytes);
  return bytes;
}
