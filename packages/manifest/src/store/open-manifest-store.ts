import {
  type AbortOptions,
  type BlobStore,
  type Descriptor,
  type Digest,
  explaining,
  type Layout,
  type LeaseStore,
} from "@store/layout";

import { decodeManifest } from "../document/decode-manifest.ts";
import { formatName } from "../name/format-name.ts";
import type { Name } from "../name/name.ts";
import { checkFit, refit } from "./fit-document.ts";
import { isManifestsThere, mustBeInside } from "./inside-manifests.ts";
import { listRoots } from "./list-roots.ts";
import { listStored } from "./list-stored.ts";
import type { LinkOptions, ManifestStore, StoredManifest } from "./manifest-store.ts";
import { createNameFinder } from "./name-finder.ts";
import { publishManifest } from "./publish-manifest.ts";
import { readManifestBlob } from "./read-blob.ts";
import { readManifest } from "./read-manifest.ts";
import { removeName, unlinkName } from "./remove-name.ts";
import { resolveManifest } from "./resolve-manifest.ts";
import type { StoreContext } from "./store-context.ts";
import { blobMissing, manifestNotFound } from "./store-errors.ts";
import { walkManifests } from "./walk-manifests.ts";
import type { WalkedFile } from "./walked-file.ts";

/** What a manifest store needs beside the layout. */
export interface ManifestPorts {
  readonly blobs: BlobStore;
  readonly leases: LeaseStore;
}

export interface OpenManifestStoreOptions {
  /** `<tool>/<version>`, for the v1 manifests that `tag` writes. */
  readonly producedBy?: string | undefined;
  /** Decides how a colon in a host is spelled on disk. */
  readonly platform?: NodeJS.Platform | undefined;
}

/**
 * Attaches to the names of a store. Creates nothing; `manifests/` appears with the first name.
 */
export function openManifestStore(
  layout: Layout,
  ports: ManifestPorts,
  options: OpenManifestStoreOptions = {},
): ManifestStore {
  const { fs, paths } = layout;
  const { producedBy = "store/0", platform = process.platform } = options;
  const finder = createNameFinder(fs, paths.manifests, platform);
  const context: StoreContext = { layout, ...ports, finder, producedBy };

  async function read(name: Name): Promise<StoredManifest | undefined> {
    const exact = await readManifest(fs, name, finder.exactPath(name));
    if (exact !== undefined) {
      await mustBeInside(fs, paths.manifests, exact.path);
      return exact;
    }
    for (const other of await finder.findOthers(name)) {
      const stored = await readManifest(fs, other.name, other.path);
      if (stored !== undefined) return stored;
    }
    await isManifestsThere(fs, paths.manifests);
    return undefined;
  }

  async function resolve(name: Name, waiting: AbortOptions): Promise<Descriptor | undefined> {
    const stored = await read(name);
    return stored && resolveManifest(context, stored, waiting);
  }

  async function put(name: Name, bytes: Uint8Array, linking: LinkOptions): Promise<Descriptor> {
    const document = decodeManifest(bytes);
    checkFit(name, document, finder.exactPath(name));
    return publishManifest(context, { name, document, bytes }, linking);
  }

  async function link(name: Name, digest: Digest, linking: LinkOptions): Promise<Descriptor> {
    const bytes = await readManifestBlob(ports.blobs, digest, linking);
    if (bytes === undefined) throw blobMissing(name, digest);
    return put(name, bytes, linking);
  }

  async function tag(from: Name, to: Name, linking: LinkOptions): Promise<Descriptor> {
    const stored = await read(from);
    if (stored === undefined) throw manifestNotFound(from);
    return publishManifest(context, refit(context, stored, to), linking);
  }

  /** Every file among the names, some at a time. */
  function walk(waiting: AbortOptions = {}): AsyncGenerator<readonly WalkedFile[]> {
    return walkManifests(fs, paths.manifests, waiting);
  }

  return {
    get: (name, waiting) => run("read", name, waiting, () => read(name)),
    locate: (name, waiting) => run("find", name, waiting, () => finder.find(name)),
    resolve: (name, waiting = {}) => run("resolve", name, waiting, () => resolve(name, waiting)),
    put: (name, bytes, linking = {}) =>
      run("publish", name, linking, () => put(name, bytes, linking)),
    link: (name, digest, linking = {}) =>
      run("link", name, linking, () => link(name, digest, linking)),
    tag: (from, to, linking = {}) => run("tag", to, linking, () => tag(from, to, linking)),
    unlink: (name, unlinking = {}) =>
      run("unlink", name, unlinking, () => unlinkName(context, name, unlinking)),
    remove: (name, unlinking = {}) =>
      run("remove", name, unlinking, () => removeName(context, name, unlinking)),
    async *list(waiting) {
      for await (const files of walk(waiting)) {
        for (const file of files)
          if (file.kind === "name") yield { name: file.name, path: file.path };
      }
    },
    listStored: (waiting = {}) => listStored(fs, paths.manifests, waiting),
    async *listStrays(waiting) {
      for await (const files of walk(waiting))
        for (const file of files) if (file.kind !== "name") yield file.path;
    },
    roots: (waiting) => listRoots(layout, ports.blobs, waiting),
  };
}

/** Runs one method: not at all when it is aborted already, and with system errors explained. */
function run<T>(
  doing: string,
  name: Name,
  { signal }: AbortOptions = {},
  body: () => Promise<T>,
): Promise<T> {
  return explaining(`${doing} ${formatName(name)}`, async () => {
    signal?.throwIfAborted();
    return body();
  });
}
