// The few commands a person gives, over any store a sweep can be pointed at.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { type Digest, openBlobStore } from "@store/layout";
import { createTemporaryLayout } from "@store/layout/testing";

import { collectGarbage, type CollectOptions, type GcReport } from "../../src/index.ts";
import { digestOf } from "./digests.ts";
import { diskPorts, putContent, readTree, writeName } from "./disk-store.ts";
import { createFakeDisk, createFakePorts, putBlob } from "./fake-store.ts";

export interface StoreHarness extends AsyncDisposable {
  pull(name: string, contents: readonly string[]): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  gc(options?: CollectOptions): Promise<GcReport>;
  /** Bytes of all blobs there are, wherever they lie. */
  bytes(): Promise<number>;
  /** Everything that lasts, comparable. */
  state(): Promise<unknown>;
}

export async function createFakeHarness(): Promise<StoreHarness> {
  const disk = createFakeDisk();
  const ports = createFakePorts(disk);

  return {
    async pull(name, contents) {
      for (const content of contents) {
        putBlob(disk, digestOf(content), { size: content.length });
      }
      disk.names.set(name, contents.map(digestOf));
    },
    async copy(from, to) {
      disk.names.set(to, disk.names.get(from) ?? []);
    },
    async remove(name) {
      for (const digest of unneededWithout(disk.names, name)) {
        const blob = disk.blobs.get(digest);
        if (blob !== undefined) blob.released = true;
      }
      disk.names.delete(name);
    },
    gc: (options) => collectGarbage(ports, options),
    async bytes() {
      const all = [...disk.blobs.values(), ...disk.trash.values()];
      return all.reduce((sum, { size }) => sum + size, 0);
    },
    state: async () => structuredClone(disk),
    async [Symbol.asyncDispose]() {},
  };
}

export async function createDiskHarness(): Promise<StoreHarness> {
  const { layout, root, ...temporary } = await createTemporaryLayout();
  const ports = diskPorts(layout);
  const names = new Map<string, readonly Digest[]>();

  return {
    async pull(name, contents) {
      for (const content of contents) await putContent(layout, content);
      names.set(name, contents.map(digestOf));
      await writeName(layout, name, contents.map(digestOf));
    },
    async copy(from, to) {
      names.set(to, names.get(from) ?? []);
      await writeName(layout, to, names.get(from) ?? []);
    },
    async remove(name) {
      await openBlobStore(layout).release(unneededWithout(names, name));
      names.delete(name);
      await layout.fs.unlink(join(layout.paths.manifests, encodeURIComponent(name)));
    },
    gc: (options) => collectGarbage(ports, options),
    async bytes() {
      const paths = await readdir(layout.paths.blobs, { recursive: true });
      const data = paths.filter((path) => /[/\\]data[^/\\]*$/.test(path));
      const stats = await Promise.all(data.map((path) => stat(join(layout.paths.blobs, path))));
      return stats.reduce((sum, { size }) => sum + size, 0);
    },
    state: () => readTree(root),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

function unneededWithout(
  names: ReadonlyMap<string, readonly Digest[]>,
  name: string,
): readonly Digest[] {
  const needed = new Set([...names].flatMap(([other, digests]) => (other === name ? [] : digests)));
  return (names.get(name) ?? []).filter((digest) => !needed.has(digest));
}
