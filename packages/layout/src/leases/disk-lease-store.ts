import { join } from "node:path";

import { isOwnDirectory } from "../blobs/inside-store.ts";
import { type Digest, isDigest } from "../digest/digest.ts";
import { StoreError } from "../errors/store-error.ts";
import { explaining } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import { linkOrRename } from "../fs/publish.ts";
import { readDocument } from "../fs/read-document.ts";
import { createId, temporaryName } from "../fs/temporary-name.ts";
import { writeDocument } from "../fs/write-document.ts";
import type { Layout } from "../root/layout.ts";
import { decodeLease, encodeLease, LEASE_BYTES_MAX, type LeaseDocument } from "./lease-document.ts";
import type { AcquireLeaseOptions, Lease, LeaseInfo, LeaseStore } from "./lease-store.ts";

/** Long enough for a laptop's nap, short enough that a crash on another machine is soon forgotten. */
const TTL_MS = 60 * 60 * 1000;
/** Longer ones are for pins. Timers take no more than 24 days. */
const TTL_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** Renewals in one life: three may fail before the lease does. */
const RENEWALS = 4;

const ID = /^[0-9a-f]{16}$/;

/** Leases as files under `.store/leases/`, each written anew with every renewal. */
export function openLeaseStore(layout: Layout): LeaseStore {
  const { fs, paths } = layout;

  async function isLive(lease: LeaseDocument): Promise<boolean> {
    if (lease.expiresAtMs <= layout.now()) return false;
    return !(await layout.processes.isDead(lease.owner));
  }

  async function read(id: string): Promise<LeaseDocument | undefined> {
    const bytes = await readDocument(fs, join(paths.leases, `${id}.json`), {
      bytesMax: LEASE_BYTES_MAX,
    });
    if (bytes === undefined) return undefined;
    const lease = decodeLease(bytes);
    // Not "absent": whatever it protects is unknown, so nothing may be swept until somebody looks.
    if (lease?.id !== id) throw unreadable(join(paths.leases, `${id}.json`));
    return lease;
  }

  async function listNames(): Promise<readonly string[]> {
    if (!(await isOwnDirectory(layout, paths.leases))) return [];
    return (await ifPresent(fs.readdir(paths.leases))) ?? [];
  }

  async function* list(): AsyncGenerator<LeaseInfo> {
    const names = await explaining("list leases", listNames);
    for (const name of names.toSorted()) {
      const id = name.endsWith(".json") ? name.slice(0, -".json".length) : "";
      const lease = !ID.test(id) ? undefined : await explaining("read a lease", () => read(id));
      if (lease !== undefined) yield { ...lease, live: await isLive(lease) };
    }
  }

  /**
   * Looked at, renamed, and looked at again: what cannot be read is not touched, and a lease renewed in
   * between goes back where it was.
   */
  async function remove(id: string): Promise<boolean> {
    if (!ID.test(id)) throw new TypeError(`not the id of a lease: ${id}`);
    if (layout.readOnly !== undefined) throw layout.readOnly;
    const before = (await isOwnDirectory(layout, paths.leases)) ? await read(id) : undefined;
    if (before === undefined || (await isLive(before))) return false;
    const path = join(paths.leases, `${id}.json`);
    const aside = join(paths.leases, temporaryName());
    if ((await ifPresent(fs.rename(path, aside).then(() => true))) === undefined) return false;
    let protects = true;
    try {
      const bytes = await readDocument(fs, aside, { bytesMax: LEASE_BYTES_MAX });
      const lease = bytes === undefined ? undefined : decodeLease(bytes);
      if (lease?.id !== id) throw unreadable(path);
      protects = await isLive(lease);
    } finally {
      // Also one that cannot be read. A failure leaves it aside rather than lost; a taken name is a
      // newer renewal.
      if (protects) await linkOrRename(fs, aside, path);
      await ifPresent(fs.unlink(aside));
    }
    return !protects;
  }

  return {
    acquire: (digests, options) =>
      explaining("write a lease", () => acquireLease(layout, digests, options, read)),
    list,
    removeExpired: (id) => explaining("remove a lease", () => remove(id)),
  };
}

async function acquireLease(
  layout: Layout,
  digests: Iterable<Digest>,
  options: AcquireLeaseOptions,
  read: (id: string) => Promise<LeaseDocument | undefined>,
): Promise<Lease> {
  const { paths } = layout;
  // A thread for each step would have a lease wait behind the syncs of all it is to protect.
  const { fs } = layout.prompt;
  const id = createId();
  const path = join(paths.leases, `${id}.json`);
  const ttlMs = options.ttlMs ?? TTL_MS;
  if (!(ttlMs > 0 && ttlMs <= TTL_MS_MAX))
    throw new RangeError(`not the life of a lease: ${ttlMs}`);
  const owner = await layout.processes.self();
  const held = new Set<Digest>();
  hold(held, digests);
  let open = true;
  /** Writes one after the other: an older document must never replace a newer one. */
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (!open) return;
    const expiresAtMs = layout.now() + ttlMs;
    const document = {
      id,
      reason: options.reason,
      expiresAtMs,
      owner,
      digests: [...held],
    };
    await writeDocument(fs, path, encodeLease(document), { replace: true });
  }
  /** A write that has not begun, which tells of everything held by then. */
  let next: Promise<void> | undefined;
  function renew(): Promise<void> {
    next ??= writing
      .catch(() => {})
      .then(() => {
        next = undefined;
        return write();
      });
    writing = next;
    return next;
  }

  await layout.makeDirectory(paths.leases);
  await renew();
  const timer = setInterval(() => {
    // A failed renewal is tried again by the next one, and noticed by `check` if none succeeds.
    renew().catch(() => {});
  }, ttlMs / RENEWALS);
  timer.unref();

  return {
    id,
    async add(more) {
      hold(held, more);
      await explaining("write a lease", renew);
    },
    async check() {
      const current = await explaining("read a lease", () => read(id));
      if (current === undefined || current.expiresAtMs <= layout.now())
        throw expired(id, options.reason);
    },
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      await writing.catch(() => {});
      await explaining("end a lease", () => ifPresent(fs.unlink(path)));
    },
  };
}

/** A lease that cannot be read stops every sweep, so nothing else gets into one. */
function hold(held: Set<Digest>, digests: Iterable<Digest>): void {
  for (const digest of digests) {
    if (!isDigest(digest)) throw new TypeError(`not a digest: ${String(digest)}`);
    held.add(digest);
  }
}

function expired(id: string, reason: string): StoreError {
  return new StoreError(`lease ${id} (${reason}) ran out`, {
    kind: "conflict",
    code: "ERR_STORE_LEASE_EXPIRED",
    hint: "Run the command again; what was fetched is still there unless a sweep took it.",
    detail: { id },
  });
}

function unreadable(path: string): StoreError {
  return new StoreError(`not a lease: ${path}`, {
    kind: "corrupt",
    code: "ERR_STORE_LEASE_INVALID",
    hint: "If no program is using the store, remove the file.",
    detail: { path },
  });
}
