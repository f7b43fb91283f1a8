import type { Digest } from "../digest/digest.ts";

export interface AcquireLeaseOptions {
  /** Life without renewal, in milliseconds. Holding it renews it. */
  readonly ttlMs?: number | undefined;
  /** Shown by `store why`: `pull hf.co/org/repo`. */
  readonly reason: string;
}

/** A held lease: no sweep takes its digests. Disposing it ends it. */
export interface Lease extends AsyncDisposable {
  readonly id: string;
  add(digests: Iterable<Digest>): Promise<void>;
  /** @throws StoreError `ERR_STORE_LEASE_EXPIRED` if it ran out or was removed meanwhile */
  check(): Promise<void>;
}

export interface LeaseInfo {
  readonly id: string;
  readonly digests: readonly Digest[];
  readonly reason: string;
  readonly expiresAtMs: number;
  /** Whether it still protects: not expired, owner not known to be dead. */
  readonly live: boolean;
}

/**
 * Leases protect blobs that no name leads to yet. They only spare work: safety is the order of the
 * publish and delete steps, and holds without them.
 */
export interface LeaseStore {
  acquire(digests: Iterable<Digest>, options: AcquireLeaseOptions): Promise<Lease>;
  /**
   * Every lease, dead ones included, in the order of their ids.
   *
   * @throws StoreError `ERR_STORE_LEASE_INVALID` for one that cannot be understood: nobody knows
   * what it protects
   */
  list(): AsyncIterable<LeaseInfo>;
  /** Removes a lease that no longer protects. `false` if it is gone, or was renewed meanwhile. */
  removeExpired(id: string): Promise<boolean>;
}
