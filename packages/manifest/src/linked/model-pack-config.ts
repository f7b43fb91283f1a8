import type { Digest } from "@store/layout";

/** What is known of a model beside its files. Everything may be left out. */
export interface ModelPackMeta {
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly family?: string | undefined;
  readonly version?: string | undefined;
  readonly vendor?: string | undefined;
  readonly authors?: readonly string[] | undefined;
  /** SPDX expressions. */
  readonly licenses?: readonly string[] | undefined;
  readonly sourceUrl?: string | undefined;
  readonly docUrl?: string | undefined;
  /** Commit or tag of the source. */
  readonly revision?: string | undefined;
  /** RFC 3339. A time makes the bytes differ from run to run, so leave it out unless it is the source's. */
  readonly createdAt?: string | undefined;
  /** `transformer`, … */
  readonly architecture?: string | undefined;
  /** `gguf`, `safetensors`, … */
  readonly format?: string | undefined;
  /** `8b`, `70b`, … */
  readonly paramSize?: string | undefined;
  readonly precision?: string | undefined;
  readonly quantization?: string | undefined;
  /** Of the manifest, not of a file. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * The config blob of a ModelPack artifact. Layers are raw files, so their diff ids are their
 * digests. Keys come in the order of the specification's own types.
 */
export function encodeModelPackConfig(digests: readonly Digest[], meta: ModelPackMeta): Uint8Array {
  const config = {
    descriptor: {
      createdAt: meta.createdAt,
      authors: meta.authors,
      family: meta.family,
      name: meta.name,
      docURL: meta.docUrl,
      sourceURL: meta.sourceUrl,
      version: meta.version,
      revision: meta.revision,
      vendor: meta.vendor,
      licenses: meta.licenses,
      title: meta.title,
      description: meta.description,
    },
    modelfs: { type: "layers", diffIds: digests },
    config: {
      architecture: meta.architecture,
      format: meta.format,
      paramSize: meta.paramSize,
      precision: meta.precision,
      quantization: meta.quantization,
    },
  };
  return new TextEncoder().encode(JSON.stringify(config));
}
