import type { BlobStore } from "@store/layout";
import type { ManifestStore } from "@store/manifest";

/** What the daemon needs of a store: to look, to prove, to read. Nothing that writes. */
export interface StorePorts {
  readonly blobs: Pick<BlobStore, "stat" | "read" | "ensureVerified">;
  readonly manifests: Pick<ManifestStore, "get" | "list">;
}
