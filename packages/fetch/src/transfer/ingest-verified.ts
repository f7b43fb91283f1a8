import { type ByteRange, type Ingest, isStoreError, type StoreError } from "@store/layout";

import type { SourceFile } from "../source.ts";
import { countBytes, type Deliveries } from "../suppliers/fill-from-suppliers.ts";
import { createRoster } from "../suppliers/roster.ts";
import { isDigestMismatch, isSupplierFault, type Supplier } from "../suppliers/supplier.ts";
import { copyRanges } from "./copy-ranges.ts";
import { countPresent, fillIngest } from "./fill-ingest.ts";
import type { Transferred, TransferOptions, TransferPorts } from "./transfer-file.ts";

export interface VerifiedSources {
  /** The place that was asked for. */
  readonly first: Supplier;
  /** @param resume whether with what earlier attempts left */
  open(resume: boolean): Promise<Ingest>;
}

/** Bytes of one place within a file that is wrong as a whole. */
interface Evidence {
  readonly path: string;
  readonly ranges: readonly ByteRange[];
}

/**
 * Fetches a file whose digest is known from as many places as it takes.
 *
 * First everything that is here already is used, and where a place fails the next one brings the
 * rest. If the whole then has another digest, one of those who had a part in it was wrong, and
 * nothing tells which. So each place is tried alone, those that brought most first: what it brought
 * before is taken out of quarantine, the rest is fetched from it. A file that one place brought alone
 * is right, or shows that place to be wrong. So this ends, and no place is asked for a byte twice.
 *
 * @throws StoreError `ERR_STORE_BLOB_DIGEST_MISMATCH` if none had the bytes
 */
export async function ingestVerified(
  file: SourceFile,
  { first, open }: VerifiedSources,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  const { signal, onEvent } = options;
  const { path } = file;
  const roster = createRoster(first, ports.findSuppliers?.(file) ?? none());
  const evidence = new Map<Supplier, Evidence>();
  let failed = first.location;
  let bytesFetched = 0;

  async function fill(
    ingest: Ingest,
    suppliers: AsyncIterable<Supplier>,
    bytesHere: number,
  ): Promise<Transferred> {
    const deliveries: Deliveries = new Map();
    try {
      const own = { ...options, suppliers, deliveries, resumable: true };
      const done = await fillIngest(ingest, file, ports, own);
      return { ...done, bytesFetched: bytesFetched + done.bytesFetched, bytesResumed: bytesHere };
    } catch (error) {
      bytesFetched += countBytes([...deliveries.values()].flat());
      if (isStoreError(error) && isDigestMismatch(error)) {
        judge(error, deliveries, bytesHere > 0);
      }
      throw error;
    }
  }

  /** Draws conclusions from a file that is wrong as a whole. */
  function judge(error: StoreError, deliveries: Deliveries, isMixed: boolean): void {
    failed = [...deliveries.keys()].map(({ location }) => location).join(", ");
    const { quarantinePath } = error.detail;
    for (const [supplier, ranges] of deliveries) {
      if (deliveries.size === 1 && !isMixed) roster.exclude(supplier);
      else if (typeof quarantinePath === "string") {
        evidence.set(supplier, { path: quarantinePath, ranges });
      }
    }
  }

  async function fetchFromAny(): Promise<Transferred> {
    await using ingest = await open(true);
    return await fill(ingest, roster, countPresent(ingest));
  }

  async function fetchAlone(supplier: Supplier): Promise<Transferred> {
    await using ingest = await open(false);
    const { path: wrongPath = "", ranges = [] } = evidence.get(supplier) ?? {};
    if (ranges.length > 0) await copyRanges(wrongPath, ranges, ingest, { signal });
    try {
      return await fill(ingest, inTurn(supplier), 0);
    } catch (error) {
      roster.exclude(supplier);
      // What one place leaves behind must not be mixed with what another brings.
      if (isSupplierFault(error)) await ingest.discard();
      throw error;
    }
  }

  /** Everyone who may still be right. */
  async function* suspects(): AsyncGenerator<Supplier> {
    const bytes = ([, { ranges }]: readonly [unknown, Evidence]): number => countBytes(ranges);
    const served = [...evidence].sort((a, b) => bytes(b) - bytes(a)).map(([supplier]) => supplier);
    yield* served;
    for await (const supplier of roster) if (!served.includes(supplier)) yield supplier;
  }

  let mismatch: StoreError;
  try {
    return await fetchFromAny();
  } catch (error) {
    if (!isStoreError(error) || !isDigestMismatch(error)) throw error;
    mismatch = error;
  }
  const { code } = mismatch;
  let { message } = mismatch;
  for await (const supplier of suspects()) {
    onEvent({ kind: "takeover", path, location: supplier.location, failed, code, message });
    try {
      return await fetchAlone(supplier);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isDigestMismatch(error) && !isSupplierFault(error)) throw error;
      failed = supplier.location;
      ({ message } = error as StoreError);
    }
  }
  throw mismatch;
}

async function* inTurn(supplier: Supplier): AsyncGenerator<Supplier> {
  yield supplier;
}

async function* none(): AsyncGenerator<Supplier> {}
