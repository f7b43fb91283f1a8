// A store in memory, with the calls of the real one and a hook before each of them.

import { type Digest, StoreError } from "@store/layout";

import type { Expirable, GcLease, GcPorts, GcTrashed, OrphanRecords } from "../../src/ports.ts";

export interface FakeBlob {
  size: number;
  addedAtMs: number;
  released: boolean;
}

export interface FakeTrash extends FakeBlob {
  readonly digest: Digest;
}

/** What lasts: everything here survives a crash. */
export interface FakeDisk {
  readonly blobs: Map<Digest, FakeBlob>;
  /** By `<digest> <sweep>`. */
  readonly trash: Map<string, FakeTrash>;
  readonly notices: Set<ReadonlySet<Digest>>;
  readonly names: Map<string, readonly Digest[]>;
  readonly unreadableNames: Set<string>;
  readonly leases: Map<string, GcLease>;
  readonly pins: Set<Digest>;
  orphans: Map<Digest, number>;
  readonly partials: Map<string, Expirable>;
}

/** Called before every call and every listed item; may wait, or throw in the call's place. */
export type Hook = (call: string) => Promise<void> | void;

export function createFakeDisk(): FakeDisk {
  return {
    blobs: new Map(),
    trash: new Map(),
    notices: new Set(),
    names: new Map(),
    unreadableNames: new Set(),
    leases: new Map(),
    pins: new Set(),
    orphans: new Map(),
    partials: new Map(),
  };
}

export function putBlob(disk: FakeDisk, digest: Digest, blob: Partial<FakeBlob> = {}): void {
  disk.blobs.set(digest, { size: 10, addedAtMs: 0, released: false, ...blob });
}

/** A copy that shares nothing, to compare with later. */
export function copyDisk(disk: FakeDisk): FakeDisk {
  return structuredClone(disk);
}

export interface FakePortsOptions {
  readonly now?: (() => number) | undefined;
  readonly hook?: Hook | undefined;
}

export function createFakePorts(disk: FakeDisk, options: FakePortsOptions = {}): GcPorts {
  const hook = options.hook ?? (() => {});
  const now = options.now ?? (() => 1_000_000_000);

  async function* each<T>(call: string, items: () => Iterable<T>): AsyncGenerator<T> {
    await hook(call);
    for (const item of items()) {
      await hook(`${call} item`);
      yield item;
    }
  }

  return {
    now,
    blobs: {
      list: () => each("list", () => [...disk.blobs.keys()]),
      async stat(digest) {
        await hook("stat");
        rescue(disk, digest);
        return disk.blobs.get(digest);
      },
      async announceTrash(digests) {
        await hook("announce");
        const notice = new Set(digests);
        disk.notices.add(notice);
        return {
          async withdraw() {
            await hook("withdraw");
            disk.notices.delete(notice);
          },
        };
      },
      async trash(digest, sweep) {
        await hook("trash");
        const blob = disk.blobs.get(digest);
        if (blob === undefined) return undefined;
        disk.blobs.delete(digest);
        disk.trash.set(`${digest} ${sweep}`, { digest, ...blob });
        return trashedAt(disk, `${digest} ${sweep}`, hook);
      },
      listTrash: () =>
        each("listTrash", () => [...disk.trash.keys()].map((key) => trashedAt(disk, key, hook))),
    },
    async *roots() {
      for await (const [name, digests] of each("roots", () => [...disk.names])) {
        if (disk.unreadableNames.has(name)) throw unreadable(name);
        yield { name, digests };
      }
    },
    leases: { list: () => each("leases", () => [...disk.leases.values()]) },
    pins: {
      list: () =>
        each("pins", () =>
          [...disk.pins].map((digest) => {
            return { subject: digest, digests: [digest], reason: "test", live: true };
          }),
        ),
    },
    async withSweepLock(body) {
      await hook("lock");
      return await body(new AbortController().signal);
    },
    orphans: {
      async read() {
        await hook("readOrphans");
        return disk.orphans;
      },
      async write(records: OrphanRecords) {
        const next = new Map(records);
        await hook("writeOrphans");
        disk.orphans = next;
      },
    },
    expirables: [
      {
        kind: "partial",
        list: () => each("partials", () => [...disk.partials.values()]),
        async remove(id) {
          await hook("removePartial");
          disk.partials.delete(id);
        },
      },
    ],
  };
}

/** What every reader does that misses a blob. */
export function rescue(disk: FakeDisk, digest: Digest): void {
  if (disk.blobs.has(digest)) return;
  for (const { digest: of, ...blob } of disk.trash.values()) {
    if (of === digest) disk.blobs.set(digest, blob);
  }
}

/** Whether a reader would find the blob. */
export function isReadable(disk: FakeDisk, digest: Digest): boolean {
  return disk.blobs.has(digest) || [...disk.trash.values()].some((one) => one.digest === digest);
}

function trashedAt(disk: FakeDisk, key: string, hook: Hook): GcTrashed {
  const { digest, size } = disk.trash.get(key) as FakeTrash;
  return {
    digest,
    size,
    async restore() {
      await hook("restore");
      const blob = disk.trash.get(key);
      if (blob === undefined) return;
      const { digest: _, ...rest } = blob;
      if (!disk.blobs.has(digest)) disk.blobs.set(digest, rest);
      await hook("restore unlink");
      disk.trash.delete(key);
    },
    async destroy() {
      await hook("destroy");
      disk.trash.delete(key);
      return !disk.blobs.has(digest);
    },
  };
}

function unreadable(name: string): StoreError {
  return new StoreError(`not a manifest: ${name}`, {
    kind: "corrupt",
    code: "ERR_STORE_MANIFEST_INVALID",
    detail: { name },
  });
}
