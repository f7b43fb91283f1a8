import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import {
  type BlobStore,
  type Digest,
  digestBytes,
  type Layout,
  openBlobStore,
  openLeaseStore,
  overlay,
} from "@store/layout";
import { createFaultyFs, createTemporaryLayout, type FaultyFs } from "@store/layout/testing";
import { nodeFs } from "@store/layout";
import { encodeV1, type ManifestStore, openManifestStore, parseName } from "@store/manifest";
import { openPackSet, type PackSet } from "@store/pack";

import { openCollector } from "../../src/gc/collector.ts";
import type { AppOptions } from "../../src/http/app.ts";
import type { LogEvent } from "../../src/log.ts";

/** A real store in a directory of its own, with everything a daemon serves from. */
export interface TestStore extends AsyncDisposable {
  readonly root: string;
  readonly layout: Layout;
  readonly fs: FaultyFs;
  readonly blobs: BlobStore;
  readonly packs: PackSet;
  readonly manifests: ManifestStore;
  readonly events: readonly LogEvent[];
  /** For an app or a daemon over this store. */
  readonly options: AppOptions;
  add(bytes: Uint8Array): Promise<Digest>;
  /** Bytes at a blob's place, put there as another tool would: not hashed, right or wrong. */
  plant(digest: Digest, bytes: Uint8Array): Promise<string>;
  /** A v1 manifest under a flat name. */
  name(name: string, digest: Digest, size: number): Promise<void>;
}

export async function createTestStore(): Promise<TestStore> {
  const fs = createFaultyFs(nodeFs);
  const temporary = await createTemporaryLayout({ fs });
  const { layout, root } = temporary;
  const packs = await openPackSet(layout);
  const blobs = overlay({ writable: openBlobStore(layout), packs });
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  const collector = openCollector({ layout, blobs, packs, leases, manifests });
  const events: LogEvent[] = [];
  const log = (event: LogEvent): void => {
    events.push(event);
  };
  return {
    root,
    layout,
    fs,
    blobs,
    packs,
    manifests,
    events,
    options: { blobs, manifests, collector, root, version: "1.2.3", log },
    add: async (bytes) => (await blobs.add(bytes)).digest,
    async plant(digest, bytes) {
      const path = layout.paths.blob(digest);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
      return path;
    },
    async name(text, digest, size) {
      const { name } = parseName(text);
      if (name === undefined) throw new TypeError(`not a name: ${text}`);
      const source = { registry: "", repo: "", revision: "", filename: `${text}.gguf` };
      const manifest = {
        kind: "v1",
        name: text,
        format: "gguf",
        blob: digest,
        size,
        license: "MIT",
        source,
        producedBy: "test/1",
        producedAt: "2026-11-21T00:00:00Z",
      } as const;
      await manifests.put(name, encodeV1(manifest));
    },
    async [Symbol.asyncDispose]() {
      await packs[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** Changes one bit of a file in place, as a bad disk or a bad program does. */
export async function flipBit(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}

/** What bytes hash to, by a way of its own. */
export function hexOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A digest that no test stores anything under. */
export const ABSENT_DIGEST: Digest = digestBytes(new TextEncoder().encode("not in any store"));
