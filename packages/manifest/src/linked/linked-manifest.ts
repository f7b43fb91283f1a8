import type { Descriptor } from "@store/layout";

/** String to string, as OCI has it. Never has a prototype. */
export type Annotations = Readonly<Record<string, string>>;

/** A descriptor inside a manifest, with what its kind of manifest adds. */
export interface LinkedDescriptor extends Descriptor {
  /** Empty where the manifest leaves it out. */
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly annotations: Annotations;
  /** Ollama: the path of a tensor or JSON layer. */
  readonly name?: string | undefined;
  /** Of an index entry: `linux/arm64`, `linux/arm/v7`. */
  readonly platform?: string | undefined;
}

/** An OCI or Docker image manifest: Ollama models, ModelPack artifacts, anything oras pushed. */
export interface ImageManifest {
  readonly kind: "image";
  /** As declared; the OCI type where the document leaves it out. */
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  /** Absent only where the writer put Go's zero digest, as Ollama's client does. */
  readonly config: LinkedDescriptor | undefined;
  readonly layers: readonly LinkedDescriptor[];
  readonly subject?: LinkedDescriptor | undefined;
  readonly annotations: Annotations;
}

/** An OCI image index or Docker manifest list: other manifests, one per platform or purpose. */
export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly LinkedDescriptor[];
  readonly subject?: LinkedDescriptor | undefined;
  readonly annotations: Annotations;
}
