import {
  type Digest,
  digestBytes,
  isErrno,
  isStoreError,
  type Layout,
  openBlobStore,
  openLeaseStore,
  verifyBlobs,
} from "@store/layout";
import {
  type Actor,
  collectContent,
  type Observer,
  type RunOptions,
  START_MS,
  type Violation,
} from "@store/layout/testing";

import {
  listNames,
  type Mutations,
  nameBlob,
  publishForeign,
  publishName,
  readName,
  removeName,
  sweep,
} from "../protocol.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The one blob all scenarios are about. */
export const bytes = encode("what everybody wants");
export const digest: Digest = digestBytes(bytes);
/** As many bytes, but others. */
export const wrongBytes = encode("what nobody asks for");

const ROOT = "/models";
const BLOB = `${ROOT}/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;

export interface ScenarioParts {
  readonly actors: readonly Actor[];
  /** What is there before the first step; the directories are, always. */
  readonly before?: (layout: Layout) => Promise<void>;
  readonly sharedPartials?: boolean;
  /** Names that may lack their blob: those of tools that do not look again. */
  readonly unsafeNames?: readonly string[];
  /** Whether the wrong bytes somebody brought must be somewhere at the end (INV-8). */
  readonly keepsEvidence?: boolean;
  readonly finish?: (observer: Observer, layout: Layout) => Promise<string | undefined>;
}

export function createScenario(parts: ScenarioParts): RunOptions {
  return {
    root: ROOT,
    sharedPartials: parts.sharedPartials === true,
    async prepare(layout) {
      const { paths } = layout;
      const lasting = [paths.manifests, paths.leases, paths.trashed, paths.quarantine];
      for (const path of [...lasting, paths.fanout(digest)]) await layout.makeDirectory(path);
      await parts.before?.(layout);
    },
    actors: parts.actors,
    check: (observer) => findWrongBytes(observer) ?? findBrokenPromise(observer),
    async finish(observer) {
      for (const [name, error] of observer.outcomes) {
        if (error !== undefined && !isStoreError(error)) return `${name} failed: ${error.message}`;
      }
      const layout = await observer.open();
      const broken =
        (await parts.finish?.(observer, layout)) ??
        (await findDanglingName(layout, parts.unsafeNames));
      if (broken !== undefined) return broken;
      if (parts.keepsEvidence === true && !hasEvidence(observer)) return "the wrong bytes are gone";
      // The next sweep deals with what was left, and nothing anybody needs goes with it.
      await sweep(layout, { candidates: [], leftovers: true });
      for await (const { digest: left } of openBlobStore(layout).listTrash())
        return `a sweep left ${left} aside`;
      for await (const finding of verifyBlobs(layout)) return finding.message;
      if (parts.keepsEvidence === true && !hasEvidence(observer))
        return "a sweep took the evidence";
      return findBrokenPromise(observer) ?? (await findDanglingName(layout, parts.unsafeNames));
    },
  };
}

function hasEvidence({ world }: Observer): boolean {
  for (const { node } of world.disk.walk()) {
    if (node.kind === "file" && Buffer.from(wrongBytes).equals(node.bytes)) return true;
  }
  return false;
}

const digests = new WeakMap<Uint8Array, Digest>();

/** INV-1, at every state. */
function findWrongBytes({ world }: Observer): string | undefined {
  const node = world.disk.find(`${BLOB}/data`);
  if (node?.kind !== "file") return undefined;
  let found = digests.get(node.bytes);
  if (found === undefined) digests.set(node.bytes, (found = digestBytes(node.bytes)));
  // A scenario may begin with a foreign file that is wrong; nobody has vouched for that one.
  if (found === digest || node.mode !== 0o444) return undefined;
  return `wrong bytes under a final name: ${Buffer.from(node.bytes).toString()}`;
}

/** INV-3, at every state: a blob that was promised has a name that every reader finds. */
function findBrokenPromise({ world, promises }: Observer): string | undefined {
  if (promises.size === 0 || promises.has(RENEWED)) return undefined;
  const node = world.disk.find(BLOB);
  const names = node?.kind === "directory" ? [...node.entries.keys()] : [];
  if (names.some((name) => name === "data" || name.startsWith("data.trash-"))) return undefined;
  return `${[...promises].join()} lost the blob; left are ${names.join() || "no names"}`;
}

/** At the end also the names of those who ended early: their leases outlived them long enough. */
async function findDanglingName(
  layout: Layout,
  unsafe: readonly string[] = [],
): Promise<string | undefined> {
  for (const name of await listNames(layout)) {
    if (unsafe.includes(name)) continue;
    const needed = await readName(layout, name);
    if (needed === undefined) continue;
    if ((await openBlobStore(layout).ensureVerified(needed)) === undefined)
      return `name ${name} lacks its blob`;
  }
  return undefined;
}

export async function addBlob(layout: Layout): Promise<void> {
  await openBlobStore(layout).add(bytes);
}

/** The blob under a name that stays. */
export async function addNamedBlob(layout: Layout): Promise<void> {
  await publishName(layout, { name: "keeper", bytes, leased: false });
}

/** A file of another tool that holds the wrong bytes, and a name that needs the right ones. */
export async function addWrongForeign(layout: Layout): Promise<void> {
  await layout.makeDirectory(layout.paths.blobDirectory(digest));
  const file = await layout.fs.open(layout.paths.blob(digest), "create");
  await file.write(wrongBytes, 0);
  await file.close();
  await nameBlob(layout, "keeper", digest);
}

export const publisher = (
  name: string,
  options: { readonly leased?: boolean; readonly mutations?: Mutations } = {},
): Actor => ({
  name,
  mayCrash: true,
  async act({ layout, promise }) {
    const { leased = true, mutations = {} } = options;
    await publishName(layout, { name, bytes, leased, mutations });
    promise(name);
  },
});

export const sweeper = (
  name: string,
  options: { readonly leftovers?: boolean; readonly mutations?: Mutations } = {},
): Actor => ({
  name,
  mayCrash: true,
  act: ({ layout }) => {
    const { leftovers = false, mutations = {} } = options;
    return sweep(layout, { candidates: [digest], leftovers, mutations });
  },
});

export const foreigner = (name: string): Actor => ({
  name,
  mayCrash: true,
  async act({ layout }) {
    try {
      await publishForeign(layout, name, bytes);
    } catch (error) {
      // A sweep may take the empty directory it has just made; the design guarantees it nothing.
      if (!isErrno(error, "ENOENT")) throw error;
    }
  },
});

/** Takes the blob in once more, whatever is there, and promises it. */
export const putter = (name: string): Actor => ({
  name,
  mayCrash: true,
  async act({ layout, promise }) {
    await openBlobStore(layout).put({ digest, size: bytes.length }, bytes);
    promise(name);
  },
});

/** Gives the blob the name `z` and takes the name `keeper` away. */
export const mover = (): Actor => ({
  name: "z",
  async act({ layout, promise }) {
    await publishName(layout, { name: "z", bytes, leased: false });
    promise("z");
    await removeName(layout, "keeper");
  },
});

/** Looks for a blob that is there all the time. */
export const reader = (name: string): Actor => ({
  name,
  async act({ layout }) {
    const blobs = openBlobStore(layout);
    if ((await blobs.stat(digest)) === undefined) throw new Error("a blob that is there is absent");
    const read = await collectContent(blobs.read(digest));
    if (digestBytes(read) !== digest) throw new Error("a blob was read as other bytes");
  },
});

/** Transfers the blob in two parts; wrong bytes are refused at the end, and the right ones sent. */
export const transferrer = (
  name: string,
  options: {
    /** What its source sends at first. */
    readonly first?: Uint8Array;
    /** Takes everybody else for dead. */
    readonly trustsNobody?: boolean;
    /** Nothing keeps a sweep from taking what it brought. */
    readonly unprotected?: boolean;
  } = {},
): Actor => ({
  name,
  mayCrash: true,
  async act(context) {
    const { first = bytes, trustsNobody = false, unprotected = false } = options;
    const isDead = async (): Promise<boolean> => true;
    const { layout: real, promise } = context;
    const layout = trustsNobody ? { ...real, processes: { ...real.processes, isDead } } : real;
    for (const source of [first, bytes, bytes]) {
      try {
        await transfer(layout, source);
        if (!unprotected) promise(name);
        return;
      } catch (error) {
        const again = ["ERR_STORE_BLOB_DIGEST_MISMATCH", "ERR_STORE_INGEST_LOST"] as const;
        if (!again.some((code) => isStoreError(error, code))) throw error;
      }
    }
  },
});

async function transfer(layout: Layout, source: Uint8Array): Promise<void> {
  const half = source.length >> 1;
  await using ingest = await openBlobStore(layout).ingest({ digest, size: source.length });
  for (const part of [
    { start: 0, end: half },
    { start: half, end: source.length },
  ]) {
    for (const gap of ingest.missing()) {
      const start = Math.max(gap.start, part.start);
      const end = Math.min(gap.end, part.end);
      if (start < end) await ingest.writeAt(start, source.slice(start, end));
    }
    await ingest.checkpoint();
  }
  await ingest.commit();
}

/** A transfer of which the first half is recorded, and which nobody works on any more. */
export async function addReleasedPartial(layout: Layout): Promise<void> {
  const ingest = await openBlobStore(layout).ingest({ digest, size: bytes.length });
  await ingest.writeAt(0, bytes.slice(0, bytes.length >> 1));
  await ingest[Symbol.asyncDispose]();
}

/** The only promise that is not about the blob. */
const RENEWED = "the renewed lease";

const HOUR_MS = 3_600_000;

/** Holds a lease that runs out by everybody's clock, and then renews it. */
export const lateRenewer = (): Actor => ({
  name: "renewer",
  async act({ layout, promise, setClock }) {
    setClock(START_MS - 20 * HOUR_MS);
    const options = { reason: "a long nap", ttlMs: 10 * HOUR_MS };
    const lease = await openLeaseStore(layout).acquire([digest], options);
    setClock(START_MS);
    await lease.add([digest]);
    promise(RENEWED);
  },
});

/** Removes leases that protect nothing any more; `blindly` without looking again. */
export const leaseRemover = (options: { readonly blindly?: boolean } = {}): Actor => ({
  name: "remover",
  async act({ layout }) {
    const leases = openLeaseStore(layout);
    for await (const { id, live } of leases.list()) {
      if (live) continue;
      if (options.blindly === true) await layout.fs.unlink(`${layout.paths.leases}/${id}.json`);
      else await leases.removeExpired(id);
    }
  },
});

/** The lease is there at the end if its renewal succeeded. */
export async function findLostLease(
  { promises }: Observer,
  layout: Layout,
): Promise<string | undefined> {
  if (!promises.has(RENEWED)) return undefined;
  for await (const lease of openLeaseStore(layout).list()) if (lease.live) return undefined;
  return "a renewed lease was removed";
}

/** What was wrong and how it came about, to be read when a test fails. */
export function explain({ message, trace }: Violation): string {
  const lines = trace.map((line) => line.replaceAll(BLOB, "BLOB").replaceAll(ROOT, ""));
  return [message, ...lines].join("\n  ");
}
