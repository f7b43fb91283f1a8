import { type Digest, type Ingest, StoreError } from "@store/layout";

import { defaultRetryPolicy } from "../http/retry-policy.ts";
import { systemTimers } from "../http/timers.ts";
import { pickSource } from "../pick-source.ts";
import type { KnownFile, SourceFile } from "../source.ts";
import { createSupplierFinder } from "../suppliers/find-suppliers.ts";
import type { Deliveries } from "../suppliers/fill-from-suppliers.ts";
import { isDigestMismatch, type Supplier } from "../suppliers/supplier.ts";
import { countPresent, fillIngest, type FillIngestPorts } from "../transfer/fill-ingest.ts";
import type { RepairOptions, RepairPorts, RepairResult } from "./repair-options.ts";

/** As many as a pull may have. */
const CONNECTIONS_MAX = 32;

/**
 * Hashes a blob and, if it is damaged or gone, fetches what is wrong from where it once came: the
 * damaged chunks where their sums were recorded, everything otherwise. The whole must have the digest
 * before it takes the place of the wrong bytes, which go to quarantine; until then the blob is as it
 * was.
 *
 * Where one place fails, the next one goes on. Where one sends wrong bytes, the next one begins with
 * what the damage left; if all do, the record of sums may be what is wrong, and everything is fetched.
 *
 * @throws StoreError `ERR_STORE_ORIGIN_UNKNOWN` where no place is known; `ERR_STORE_BLOB_DIGEST_MISMATCH`
 * if none has the bytes; what the first one threw, if none answers
 */
export async function repair(
  target: KnownFile,
  ports: RepairPorts,
  options: RepairOptions = {},
): Promise<RepairResult> {
  const { digest } = target;
  const { signal } = options;
  // What no name needs any more could go while it is being repaired.
  await using lease = await ports.leases.acquire([digest], { reason: `repair ${digest}` });
  const all = await listSuppliers(target, ports, options);
  let failure: unknown;
  for (const keepGood of [true, false]) {
    let left = all;
    let keptAny = false;
    let before: Mismatch | undefined;
    for (;;) {
      const deliveries: Deliveries = new Map();
      await using ingest = await ports.openRepair(target, { keepGood, signal });
      if (ingest === undefined) return { digest, repaired: false, bytesFetched: 0, bytesKept: 0 };
      const present = countPresent(ingest);
      keptAny ||= present > 0;
      if (before !== undefined) {
        left = withoutWrong(left, before, present);
        if (left.length === 0) break;
      }
      try {
        const place = { suppliers: left, ingest, deliveries };
        return await fillFrom(place, target, { ...ports, lease }, options);
      } catch (error) {
        if (!isDigestMismatch(error)) throw error;
        failure ??= error;
        before = { present, deliveries };
      }
    }
    if (!keptAny) break;
  }
  throw failure;
}

/** An attempt that ended with other bytes than the digest's. */
interface Mismatch {
  /** Bytes that were here when it began. */
  readonly present: number;
  readonly deliveries: Deliveries;
}

/**
 * Who may still be right after a mismatch; nobody where nothing was brought, since then what was
 * kept is wrong. Of several who brought the bytes any may be wrong: the first has had its turn.
 *
 * @param present bytes that are here now: where they are fewer, what an earlier attempt had left was in
 * it and is gone, and nobody is to blame yet
 */
function withoutWrong(
  suppliers: readonly Supplier[],
  before: Mismatch,
  present: number,
): readonly Supplier[] {
  if (present < before.present) return suppliers;
  const [only, ...others] = before.deliveries.keys();
  if (only === undefined) return [];
  const wrong = others.length === 0 ? only : suppliers[0];
  return suppliers.filter((supplier) => supplier !== wrong);
}

async function fillFrom(
  {
    suppliers,
    ingest,
    deliveries,
  }: {
    readonly suppliers: readonly Supplier[];
    readonly ingest: Ingest;
    readonly deliveries: Deliveries;
  },
  { digest, size }: KnownFile,
  { lease, timers = systemTimers }: Pick<RepairPorts, "timers"> & Pick<FillIngestPorts, "lease">,
  options: RepairOptions,
): Promise<RepairResult> {
  if (suppliers.length === 0 && ingest.missing().length > 0) throw originUnknown(digest);
  const { signal, onProgress, rateLimit: limit } = options;
  const done = await fillIngest(
    ingest,
    { path: digest, digest, size: ingest.size ?? size },
    { timers, retry: { ...defaultRetryPolicy, ...options.retry }, limit, lease },
    {
      suppliers: inTurn(suppliers),
      deliveries,
      resumable: true,
      connections: options.connections ?? CONNECTIONS_MAX,
      onEvent: (event) => onProgress?.(event),
      signal,
    },
  );
  const { bytesFetched, bytesResumed: bytesKept } = done;
  return { digest, repaired: true, bytesFetched, bytesKept };
}

async function listSuppliers(
  { digest, size }: KnownFile,
  { sources, readOrigins }: RepairPorts,
  { from = [], policy, signal }: RepairOptions,
): Promise<readonly Supplier[]> {
  for (const location of from) pickSource(location, sources);
  const find = createSupplierFinder(
    { sources, readOrigins },
    {
      mirrors: from,
      isOnly: true,
      judge: ({ model, file }) => policy?.({ model, files: [file] }),
      signal,
    },
  );
  const path = (await readOrigins(digest)).at(-1)?.path ?? digest;
  const wanted: SourceFile = { path, digest, size };
  const suppliers: Supplier[] = [];
  for await (const supplier of find(wanted)) suppliers.push(supplier);
  return suppliers;
}

async function* inTurn(suppliers: readonly Supplier[]): AsyncGenerator<Supplier> {
  yield* suppliers;
}

function originUnknown(digest: Digest): StoreError {
  return new StoreError(`nobody recorded where blob ${digest} can be had`, {
    kind: "not-found",
    code: "ERR_STORE_ORIGIN_UNKNOWN",
    hint: "Name a place that has it with --from, or pull the model that needs it again.",
    detail: { digest },
  });
}
