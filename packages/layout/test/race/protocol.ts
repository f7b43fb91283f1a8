import { join } from "node:path";

import {
  createId,
  type Digest,
  digestBytes,
  ifPresent,
  isDigest,
  isStoreError,
  type Layout,
  openBlobStore,
  openLeaseStore,
  readDocument,
  StoreError,
  type Trashed,
  writeDocument,
} from "@store/layout";

/**
 * The publish and delete steps of the design over the real parts of this package. Names are small
 * files that hold one digest: all that the order of steps needs of a manifest.
 */

/** Deviations from the right order, each of which must be caught. */
export interface Mutations {
  /** P4 is left out. */
  readonly noLookAfterNaming?: boolean;
  /** D2 is left out. */
  readonly noSecondLook?: boolean;
  /** D2 comes before D1. */
  readonly lookBeforeTrash?: boolean;
  /** D4 comes before D2. */
  readonly destroyBeforeLook?: boolean;
  /** D2 reads the names before the leases. */
  readonly namesBeforeLeases?: boolean;
}

export interface PublishParts {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly leased: boolean;
  readonly mutations?: Mutations;
}

const namePath = (layout: Layout, name: string): string =>
  join(layout.paths.manifests, `${name}.json`);

export async function nameBlob(layout: Layout, name: string, digest: Digest): Promise<void> {
  await layout.makeDirectory(layout.paths.manifests);
  const bytes = new TextEncoder().encode(JSON.stringify({ blob: digest }));
  await writeDocument(layout.fs, namePath(layout, name), bytes, { replace: true });
}

export async function removeName(layout: Layout, name: string): Promise<void> {
  await layout.fs.unlink(namePath(layout, name));
}

/** The digest a name leads to; `undefined` where there is no such name. */
export async function readName(layout: Layout, name: string): Promise<Digest | undefined> {
  const bytes = await readDocument(layout.fs, namePath(layout, name), { bytesMax: 4096 });
  if (bytes === undefined) return undefined;
  const { blob } = JSON.parse(new TextDecoder().decode(bytes)) as { blob: unknown };
  if (!isDigest(blob)) throw new Error(`name ${name} holds ${String(blob)}`);
  return blob;
}

export async function listNames(layout: Layout): Promise<readonly string[]> {
  const files = (await ifPresent(layout.fs.readdir(layout.paths.manifests))) ?? [];
  return files
    .filter((file) => /^[^.].*\.json$/.test(file))
    .map((file) => file.slice(0, -".json".length))
    .toSorted();
}

/** How often P4 may find its blob gone. */
const ATTEMPTS_MAX = 5;

/** P1 to P4; resolves when the name is published for good. */
export async function publishName(layout: Layout, parts: PublishParts): Promise<void> {
  const { name, bytes, mutations } = parts;
  const digest = digestBytes(bytes);
  const blobs = openBlobStore(layout);
  await using lease = parts.leased
    ? await openLeaseStore(layout).acquire([digest], { reason: name })
    : undefined;
  await fill();
  await nameBlob(layout, name, digest);
  if (mutations?.noLookAfterNaming !== true) await lookAgain();
  await lease?.[Symbol.asyncDispose]();

  async function lookAgain(): Promise<void> {
    for (let attempt = 0; (await blobs.ensureVerified(digest)) === undefined; attempt += 1) {
      if (attempt === ATTEMPTS_MAX) {
        await removeName(layout, name);
        throw new StoreError("the blob is taken away again and again", {
          kind: "conflict",
          code: "ERR_STORE_INGEST_LOST",
        });
      }
      await fill();
    }
  }

  /** P2, and what P4 does about a blob that is gone. A publication that lost its blob is repeated. */
  async function fill(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await blobs.put({ digest, size: bytes.length }, bytes);
        return;
      } catch (error) {
        const lost = isStoreError(error, "ERR_STORE_INGEST_LOST");
        if (!lost || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }
}

export interface SweepParts {
  /** Orphans when the sweep looked for what may go. */
  readonly candidates: readonly Digest[];
  /** Whether it deals with what earlier sweeps left aside. */
  readonly leftovers: boolean;
  readonly mutations?: Mutations;
}

/** D1 to D4 for one batch. */
export async function sweep(layout: Layout, parts: SweepParts): Promise<void> {
  const { candidates, leftovers, mutations = {} } = parts;
  const blobs = openBlobStore(layout);
  const id = createId();
  let needed =
    mutations.lookBeforeTrash === true ? await lookForNeeds(layout, mutations) : undefined;
  const aside: Trashed[] = [];
  if (leftovers) for await (const left of blobs.listTrash()) aside.push(left);
  const notice = await blobs.announceTrash(candidates);
  for (const digest of candidates) {
    const trashed = await blobs.trash(digest, id, notice);
    if (trashed !== undefined) aside.push(trashed);
  }
  if (mutations.noSecondLook === true) needed = new Set();
  if (mutations.destroyBeforeLook === true) for (const trashed of aside) await trashed.destroy();
  needed ??= await lookForNeeds(layout, mutations);
  for (const trashed of aside) {
    if (needed.has(trashed.digest)) await trashed.restore();
    else await trashed.destroy();
  }
  await notice.withdraw();
}

/** D2: the leases, then the names. */
async function lookForNeeds(layout: Layout, mutations: Mutations): Promise<Set<Digest>> {
  const needed = new Set<Digest>();
  const leases = async (): Promise<void> => {
    for await (const lease of openLeaseStore(layout).list())
      if (lease.live) for (const digest of lease.digests) needed.add(digest);
  };
  const names = async (): Promise<void> => {
    for (const name of await listNames(layout)) {
      const digest = await readName(layout, name);
      if (digest !== undefined) needed.add(digest);
    }
  };
  for (const look of mutations.namesBeforeLeases === true ? [names, leases] : [leases, names])
    await look();
  return needed;
}

/** What a tool of the same convention does that knows nothing of leases and trash names. */
export async function publishForeign(
  layout: Layout,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const { fs, paths } = layout;
  const digest = digestBytes(bytes);
  const staged = join(paths.blobs, `.incoming-${createId()}.${createId()}`);
  await fs.mkdir(staged);
  const file = await fs.open(join(staged, "data.tmp"), "create");
  await file.write(bytes, 0);
  await file.close();
  try {
    await fs.mkdir(paths.blobDirectory(digest));
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
  await fs.rename(join(staged, "data.tmp"), paths.blob(digest));
  await nameBlob(layout, name, digest);
}
