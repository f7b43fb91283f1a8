import type { BlobStore, Descriptor, Digest, Lease } from "@store/layout";
import {
  encodeModelPack,
  encodeV1,
  type FlatName,
  formatProducedAt,
  type ManifestStore,
  type Name,
  type V1Manifest,
} from "@store/manifest";

import type { ResolvedModel } from "../source.ts";
import type { ExistingManifest } from "./read-existing.ts";
import { REVISION_ANNOTATION, SOURCE_ANNOTATION, sourceUrlOf } from "./same-source.ts";

/** A file that is a verified blob by now. */
export interface RecordedFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/** A model whose files are all blobs, and the name it is to get. */
export interface ReadyModel {
  readonly name: Name;
  readonly model: ResolvedModel;
  readonly files: readonly RecordedFile[];
  /** What the name holds as far as we know; it is replaced only if it still does. */
  readonly existing: ExistingManifest | undefined;
}

export interface RecordPorts {
  readonly blobs: BlobStore;
  readonly manifests: Pick<ManifestStore, "put">;
  readonly lease: Pick<Lease, "add">;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

export interface RecordOptions {
  readonly signal?: AbortSignal | undefined;
  /** `<tool>/<version>` */
  readonly producedBy: string;
}

/**
 * Gives the files of a model their name: a v1 manifest under a flat name; under a reference the
 * manifest its source gave, byte for byte, else a ModelPack artifact. The manifest store takes the
 * publish steps (P1 to P4); every blob is there before (INV-3).
 */
export async function recordModel(
  ready: ReadyModel,
  ports: RecordPorts,
  options: RecordOptions,
): Promise<Descriptor> {
  const { name, existing } = ready;
  const { signal } = options;
  const bytes =
    name.kind === "flat"
      ? encodeFlat(name, ready, { producedBy: options.producedBy, nowMs: ports.now() })
      : (ready.model.manifest?.bytes ?? (await storeModelPack(ready, ports, signal)));
  return ports.manifests.put(name, bytes, {
    ifMatch: existing === undefined ? null : existing.descriptor.digest,
    signal,
  });
}

function encodeFlat(
  { name }: FlatName,
  { model, files, existing }: ReadyModel,
  { producedBy, nowMs }: { readonly producedBy: string; readonly nowMs: number },
): Uint8Array {
  const [file] = files;
  if (file === undefined || files.length > 1) throw new TypeError("a flat name holds one file");
  const { registry, repo, revision, filename } = model.source;
  const before = existing?.document;
  const manifest: V1Manifest = {
    kind: "v1",
    // An existing spelling is kept.
    name: before?.kind === "v1" ? before.name : name,
    format: model.format ?? "",
    blob: file.digest,
    size: file.size,
    license: model.license,
    source: { registry, repo, revision, filename },
    producedBy,
    producedAt: formatProducedAt(nowMs),
  };
  if (existing === undefined || before?.kind !== "v1") return encodeV1(manifest);
  const { producedBy: producer, producedAt } = before;
  const unchanged = encodeV1({ ...manifest, producedBy: producer, producedAt });
  // The same facts again: the time they were first recorded stays true, and the file as it is.
  return Buffer.compare(unchanged, existing.bytes) === 0 ? existing.bytes : encodeV1(manifest);
}

async function storeModelPack(
  { model, files }: ReadyModel,
  { blobs, lease }: RecordPorts,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const sourceUrl = sourceUrlOf(model.source);
  const revision = model.revision === "" ? undefined : model.revision;
  const { bytes, config } = encodeModelPack(files, {
    format: model.format,
    licenses: model.license === undefined ? undefined : [model.license],
    sourceUrl,
    revision,
    annotations: {
      ...(sourceUrl === undefined ? {} : { [SOURCE_ANNOTATION]: sourceUrl }),
      ...(revision === undefined ? {} : { [REVISION_ANNOTATION]: revision }),
    },
  });
  await lease.add([config.descriptor.digest]);
  // INV-3: the config is a blob before the manifest that names it is published.
  await blobs.put(config.descriptor, config.bytes, { signal });
  return bytes;
}
