import {
  type BlobStore,
  type Descriptor,
  digestBytes,
  type Layout,
  type LeaseStore,
  openBlobStore,
  openLeaseStore,
  type OpenLayoutOptions,
} from "@store/layout";
import { createTemporaryLayout, type TemporaryLayout } from "@store/layout/testing";

import {
  type ManifestStore,
  type Name,
  openManifestStore,
  type OpenManifestStoreOptions,
  parseName,
  REF_DEFAULTS,
  type V1Manifest,
} from "../../src/index.ts";
import { quickFs } from "./quick-fs.ts";

export interface TestStore extends AsyncDisposable {
  readonly temporary: TemporaryLayout;
  readonly layout: Layout;
  readonly root: string;
  readonly blobs: BlobStore;
  readonly leases: LeaseStore;
  readonly manifests: ManifestStore;
  /** Opens the same root again, as another program would. */
  reopen(options?: OpenLayoutOptions): Promise<TestStore>;
}

/** 2026-01-02T03:04:05Z */
export const NOW_MS = 1_767_323_045_000;

export async function openTestStore(
  options: OpenLayoutOptions & OpenManifestStoreOptions = {},
): Promise<TestStore> {
  const temporary = await createTemporaryLayout({ fs: quickFs, now: () => NOW_MS, ...options });
  return assemble(temporary, temporary.layout, options);
}

function assemble(
  temporary: TemporaryLayout,
  layout: Layout,
  options: OpenManifestStoreOptions,
): TestStore {
  const blobs = openBlobStore(layout);
  const leases = openLeaseStore(layout);
  return {
    temporary,
    layout,
    root: temporary.root,
    blobs,
    leases,
    manifests: openManifestStore(layout, { blobs, leases }, options),
    reopen: async (more = {}) => assemble(temporary, await temporary.reopen(more), options),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A name from text, with Ollama's defaults. */
export function nameOf(text: string): Name {
  const { name } = parseName(text, { defaults: REF_DEFAULTS });
  if (name === undefined) throw new TypeError(`no name: ${text}`);
  return name;
}

/** Puts some text into the store as a blob. */
export async function addBlob(blobs: BlobStore, text: string): Promise<Descriptor> {
  const bytes = utf8(text);
  const descriptor = { digest: digestBytes(bytes), size: bytes.length };
  await blobs.put(descriptor, bytes);
  return descriptor;
}

/** What some text would be as a blob. */
export function describeText(text: string): Descriptor {
  const bytes = utf8(text);
  return { digest: digestBytes(bytes), size: bytes.length };
}

const OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

/** The bytes of an OCI image manifest over the given layers. */
export function imageBytes(layers: readonly Descriptor[], config?: Descriptor): Uint8Array {
  const described = layers.map((layer) => ({
    mediaType: "application/vnd.ollama.image.model",
    ...layer,
  }));
  return utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_IMAGE,
      ...(config === undefined ? {} : { config: { mediaType: "application/json", ...config } }),
      layers: described,
    }),
  );
}

/** The bytes of an OCI index over the given manifests. */
export function indexBytes(manifests: readonly Descriptor[]): Uint8Array {
  const described = manifests.map((entry) => ({ mediaType: OCI_IMAGE, ...entry }));
  return utf8(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: described }));
}

/** A v1 manifest over a blob. */
export function v1Of(name: string, blob: Descriptor, more: Partial<V1Manifest> = {}): V1Manifest {
  return {
    kind: "v1",
    name,
    format: "gguf",
    blob: blob.digest,
    size: blob.size,
    license: "apache-2.0",
    source: { registry: "huggingface.co", repo: "org/repo", revision: "main", filename: "w.gguf" },
    producedBy: "test/1",
    producedAt: "2026-01-02T03:04:05Z",
    ...more,
  };
}

/** All of an asynchronous iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
