import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { digestBytes, type FsPort, openBlobStore, openLayout, openLeaseStore } from "@store/layout";
import { type ManifestStore, openManifestStore, parseName } from "@store/manifest";

/** Tags of one model, and models of one namespace, as in a large registry's mirror. */
const TAGS_EACH = 10;
const MODELS_EACH = 100;

/** The nth name, spelled as it is on disk. */
export function nameAt(index: number): string {
  const model = Math.floor(index / TAGS_EACH);
  const namespace = Math.floor(model / MODELS_EACH);
  return `example.org/team${namespace}/model${model}:v${index % TAGS_EACH}`;
}

/** The manifest of the nth name: of three layers and a config, as Ollama's are. */
function manifestAt(index: number): Uint8Array {
  const descriptor = (kind: string): object => ({
    mediaType: `application/vnd.ollama.image.${kind}`,
    digest: `sha256:${createHash("sha256").update(`${kind} ${index}`).digest("hex")}`,
    size: 1_000 + index,
  });
  return new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      config: descriptor("config"),
      layers: ["model", "template", "license"].map(descriptor),
    }),
  );
}

/** Opens the names of a store, as a program does that looks at nothing else. */
export async function openNames(root: string, fs?: FsPort): Promise<ManifestStore> {
  const layout = await openLayout(root, fs === undefined ? {} : { fs });
  return openManifestStore(layout, {
    blobs: openBlobStore(layout),
    leases: openLeaseStore(layout),
  });
}

/** Writes names as Ollama does, without looking for their layers. */
export function fillNames(root: string, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const path = join(root, "manifests", nameAt(index).replace(":", "/"));
    if (index % TAGS_EACH === 0) mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, manifestAt(index));
  }
}

/** Stores the manifests of names as blobs, which resolving such a name does once. */
export async function storeManifests(root: string, indexes: readonly number[]): Promise<void> {
  const blobs = openBlobStore(await openLayout(root));
  for (const index of indexes) {
    const bytes = manifestAt(index);
    await blobs.put({ digest: digestBytes(bytes), size: bytes.length }, bytes);
  }
}

/** Resolves each name, and fails if one is not there. */
export async function resolveAll(
  manifests: ManifestStore,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) {
    const { name } = parseName(text);
    const found = name && (await manifests.resolve(name));
    if (found === undefined) throw new Error(`not found: ${text}`);
  }
}
