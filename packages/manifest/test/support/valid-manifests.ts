/** One small valid manifest of each kind, as JSON values to be spoiled. */

export const BLOB = `sha256:${"ab".repeat(32)}`;
export const OTHER = `sha256:${"cd".repeat(32)}`;

export const validV1: Readonly<Record<string, unknown>> = {
  schema_version: 1,
  name: "x",
  format: "gguf",
  blob: BLOB,
  size_bytes: 3,
  license: null,
  source: { registry: "h", repo: "r", revision: "v", filename: "f" },
  produced_by: "t/1",
  produced_at: "2026-05-18T17:06:10Z",
};

export const validImage: Readonly<Record<string, unknown>> = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: OTHER, size: 2 },
  layers: [{ mediaType: "application/vnd.ollama.image.model", digest: BLOB, size: 3 }],
};

export const validIndex: Readonly<Record<string, unknown>> = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [
    {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: BLOB,
      size: 3,
      platform: { os: "linux", architecture: "arm", variant: "v7" },
    },
  ],
};
