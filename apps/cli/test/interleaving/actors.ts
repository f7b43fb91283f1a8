// Those who use one store at once, each through the real parts of all packages. A mutant is a wrong
// way to do it, which must be caught.

import {
  applyGc,
  collectGarbage,
  createSnapshot,
  type GcPorts,
  openPinStore,
  pinBlobs,
  planGc,
  type Root,
} from "@store/gc";
import {
  type BlobStore,
  type Digest,
  digestBytes,
  isStoreError,
  type Layout,
  type LeaseStore,
  openBlobStore,
} from "@store/layout";
import { type Actor, collectContent } from "@store/layout/testing";
import { encodeV1, type Name, openManifestStore } from "@store/manifest";
import { applyRepack, packBlobs, packInfoOf, planRepack, unpackBlobs } from "@store/pack";

import { openStoreOf, type Store } from "../../src/open-store.ts";
import { createSweepPorts } from "../../src/sweep/sweep-ports.ts";

export const bytes: Uint8Array = Buffer.from("what everybody wants, ".repeat(3));
/** The one blob everything is about. */
export const digest: Digest = digestBytes(bytes);
/** What lies in the same pack and is needed all the time. */
export const companion: Uint8Array = Buffer.from("what lies beside it, ".repeat(3));

/** How often a publisher whose blob was taken brings it again. */
const ATTEMPTS = 3;

const nameOf = (name: string): Name => ({ kind: "flat", name });

/** The manifest of a model of one file. */
export function manifestOf(name: string, content: Uint8Array): Uint8Array {
  return encodeV1({
    kind: "v1",
    name,
    format: "",
    blob: digestBytes(content),
    size: content.length,
    license: undefined,
    source: { registry: "", repo: "", revision: "", filename: name },
    producedBy: "test/1",
    producedAt: "2026-01-01T00:00:00Z",
  });
}

export interface PublisherOptions {
  readonly leased?: boolean;
  /** Does not bring the blob: takes up the one that is there. */
  readonly takesUp?: boolean;
  /** Removes this name once its own is there. */
  readonly thenRemoves?: string;
  readonly mutant?: "no P4";
}

/** Brings the blob and gives it a name. */
export const publisher = (name: string, options: PublisherOptions = {}): Actor => ({
  name,
  // Between its name and its second look only a lease speaks for one that has ended.
  mayCrash: options.leased !== false,
  async act({ layout, promise }) {
    const { leased = true, takesUp = false, thenRemoves, mutant } = options;
    await using store = await openStoreOf(layout);
    const leases = leased ? store.leases : noLeases;
    const blobs = mutant === "no P4" ? believing(store.blobs) : store.blobs;
    const manifests = openManifestStore(layout, { blobs, leases });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (!takesUp) await store.blobs.add(bytes);
      try {
        await manifests.put(nameOf(name), manifestOf(name, bytes));
      } catch (error) {
        if (!isStoreError(error, "ERR_STORE_MANIFEST_BLOB_MISSING")) throw error;
        continue;
      }
      promise(name);
      if (thenRemoves !== undefined) await manifests.remove(nameOf(thenRemoves));
      return;
    }
  },
});

const noLeases: LeaseStore = {
  acquire: async () => ({
    id: "none",
    add: async () => {},
    check: async () => {},
    async [Symbol.asyncDispose]() {},
  }),
  async *list() {},
  removeExpired: async () => false,
};

/** Answers as it did the first time. */
function believing(blobs: BlobStore): BlobStore {
  const known = new Map<Digest, ReturnType<BlobStore["ensureVerified"]>>();
  return {
    ...blobs,
    ensureVerified(asked, options) {
      const answer = known.get(asked) ?? blobs.ensureVerified(asked, options);
      known.set(asked, answer);
      return answer;
    },
  };
}

/** Pins the blob that is there; a mutant does not look at it again. */
export const pinner = (name: string, options: { readonly mutant?: "no P4" } = {}): Actor => ({
  name,
  mayCrash: true,
  async act({ layout, promise }) {
    await using store = await openStoreOf(layout);
    const there = async () => true as const;
    const blobs = options.mutant === "no P4" ? { ...store.blobs, stat: there } : store.blobs;
    const pin = { subject: digest, digests: [digest], reason: "", untilMs: undefined };
    try {
      await pinBlobs(openPinStore(layout), blobs as BlobStore, pin);
    } catch (error) {
      if (!isStoreError(error, "ERR_STORE_BLOB_NOT_FOUND")) throw error;
      return;
    }
    promise(name);
  },
});

export type SweeperMutant = "no second look" | "names before leases" | "looks before it moves";

export interface SweeperOptions {
  /** It has seen something in the trash, and looks at that first. */
  readonly recovers?: boolean;
  /** The blob is to go from the pack that holds it, and not as a loose file. */
  readonly drops?: boolean;
  readonly mutant?: SweeperMutant;
}

/** Carries out a plan that was made when nobody needed the blob. */
export const sweeper = (name: string, options: SweeperOptions = {}): Actor => ({
  name,
  mayCrash: true,
  async act({ layout }) {
    await using store = await openStoreOf(layout);
    const pack = options.drops === true ? store.packs.find(digest)?.pack : undefined;
    const ports = mutated(portsOf(store), options.mutant);
    for (const plan of plansFor(layout.now(), options.recovers === true, pack)) {
      await applyGc(plan, ports);
    }
  },
});

/** A sweep from the first look to the last, with no patience for orphans. */
export const collector = (name: string): Actor => ({
  name,
  mayCrash: true,
  async act({ layout }) {
    await using store = await openStoreOf(layout);
    await collect(store);
  },
});

export async function collect(store: Store): Promise<void> {
  const policy = { minAgeMs: 0, allowEmpty: true, packLiveShareMax: 1 };
  await collectGarbage(portsOf(store), { policy });
}

/** The ports of `store gc`, without any lock, and without what goes by age: the clock stands still. */
export function portsOf(store: Store): GcPorts {
  const ports = createSweepPorts(store, (body) => body(new AbortController().signal));
  return { ...ports, foreignLock: async () => undefined, expirables: [] };
}

/** What was planned when nobody needed the blob, whatever has become of it since. */
function* plansFor(takenAtMs: number, recovers: boolean, pack: string | undefined) {
  if (recovers) yield planGc(createSnapshot({ takenAtMs, trashed: [digest] }));
  const packs = pack === undefined ? [] : [{ id: pack, digests: [digest] }];
  const blobs = [{ digest, size: bytes.length, released: true }];
  yield planGc(createSnapshot({ takenAtMs, blobs, packs }));
}

function mutated(ports: GcPorts, mutant: SweeperMutant | undefined): GcPorts {
  let earlier: Promise<readonly Root[]> | undefined;
  async function readAll(): Promise<readonly Root[]> {
    const roots: Root[] = [];
    for await (const root of ports.roots()) roots.push(root);
    return roots;
  }
  switch (mutant) {
    case undefined:
      return ports;
    case "no second look":
      return { ...ports, async *roots() {}, leases: noLeases };
    case "names before leases":
      return {
        ...ports,
        leases: {
          async *list(options) {
            earlier = readAll();
            await earlier;
            yield* ports.leases.list(options);
          },
        },
        async *roots() {
          yield* await (earlier ?? readAll());
        },
      };
    case "looks before it moves":
      return {
        ...ports,
        blobs: {
          ...ports.blobs,
          async trash(one, sweep, notice) {
            earlier ??= readAll();
            await earlier;
            return ports.blobs.trash(one, sweep, notice);
          },
        },
        leases: noLeases,
        async *roots() {
          yield* await (earlier ?? readAll());
        },
      };
  }
}

/** Moves the loose blob into a pack. */
export const packer = (name: string): Actor => ({
  name,
  mayCrash: true,
  act: async ({ layout }) => void (await packBlobs(layout, [digest])),
});

/** Gives the packed blob a file of its own. */
export const unpacker = (name: string): Actor => ({
  name,
  mayCrash: true,
  act: async ({ layout }) => void (await unpackBlobs(layout, [digest, digestBytes(companion)])),
});

/** Writes every pack anew with what is needed, the blob included. */
export const repacker = (
  name: string,
  options: { readonly trustsLoose?: boolean } = {},
): Actor => ({
  name,
  mayCrash: true,
  async act({ layout }) {
    await using store = await openStoreOf(layout);
    const live = new Set([digest, digestBytes(companion)]);
    // Mutant: a loose file counts as a copy.
    if (options.trustsLoose === true && (await openBlobStore(layout).stat(digest)) !== undefined)
      live.delete(digest);
    const plan = await planRepack(await Promise.all(store.packs.packs().map(packInfoOf)), live, {
      liveShareMin: 1,
      mergeBelowBytes: 1_000_000,
      packBytesMax: 2_000_000,
    });
    const lookAgain = options.trustsLoose === true ? async () => new Set<Digest>() : undefined;
    await applyRepack(layout, plan, { lookAgain: lookAgain ?? (async (asked) => new Set(asked)) });
  },
});

/** Looks for a blob that is there all the time. */
export const reader = (name: string, options: { readonly asksOnce?: boolean } = {}): Actor => ({
  name,
  async act({ layout }) {
    await using store = await openStoreOf(layout);
    const { blobs } = store;
    // Mutant: packs, then loose files, and then it believes it.
    const info =
      options.asksOnce === true
        ? ((await store.packs.stat(digest)) ?? (await openBlobStore(layout).stat(digest)))
        : await blobs.stat(digest);
    if (info === undefined) throw new Error("a blob that is there was missed");
    if (options.asksOnce === true) return;
    if (digestBytes(await collectContent(blobs.read(digest))) !== digest) {
      throw new Error("a blob was read as other bytes");
    }
  },
});

/** The blob as a loose file. */
export async function addLoose(layout: Layout): Promise<void> {
  await openBlobStore(layout).add(bytes);
}

/** The blob in a trash name that a sweep left when it died. */
export async function addTrashed(layout: Layout): Promise<void> {
  await addLoose(layout);
  await openBlobStore(layout).trash(digest, "0123456789abcdef");
}

/** The blob and its companion in one pack. */
export async function addPack(layout: Layout): Promise<void> {
  const blobs = openBlobStore(layout);
  for (const content of [bytes, companion]) await blobs.add(content);
  await packBlobs(layout, [digest, digestBytes(companion)]);
}

/** The blob in a pack and as a loose file. */
export async function addBoth(layout: Layout): Promise<void> {
  await addPack(layout);
  await addLoose(layout);
}
