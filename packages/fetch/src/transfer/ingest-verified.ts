import type { Ingest, StoreError } from "@store/layout";

import type { SourceFile } from "../source.ts";
import { createEvidence } from "../suppliers/evidence.ts";
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
  const evidence = createEvidence(roster);
  let bytesFetched = 0;

  /** @param bytesHere what an earlier run left in the ingest */
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
      if (isDigestMismatch(error)) evidence.judge(error, deliveries, bytesHere > 0);
      throw error;
    }
  }

  async function fetchFromAny(): Promise<Transferred> {
    await using ingest = await open(true);
    return await fill(ingest, roster, countPresent(ingest));
  }

  async function fetchAlone(supplier: Supplier): Promise<Transferred> {
    await using ingest = await open(false);
    const kept = evidence.find(supplier);
    if (kept !== undefined) await copyRanges(kept.path, kept.ranges, ingest, { signal });
    try {
      return await fill(ingest, inTurn(supplier), 0);
    } catch (error) {
      roster.exclude(supplier);
      // What one place leaves behind must not be mixed with what another brings.
      if (isSupplierFault(error)) await ingest.discard();
      throw error;
    }
  }

  let mismatch: StoreError;
  try {
    return await fetchFromAny();
  } catch (error) {
    if (!isDigestMismatch(error)) throw error;
    mismatch = error;
  }
  let failed = { location: first.location, message: mismatch.message };
  for await (const supplier of evidence.suspects()) {
    const { location } = supplier;
    const { code } = mismatch;
    onEvent({
      kind: "takeover",
      path,
      location,
      failed: failed.location,
      code,
      message: failed.message,
    });
    try {
      return await fetchAlone(supplier);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isDigestMismatch(error) && !isSupplierFault(error)) throw error;
      failed = { location, message: error.message };
    }
  }
  throw mismatch;
}

async function* inTurn(supplier: Supplier): AsyncGenerator<Supplier> {
  yield supplier;
}

async function* none(): AsyncGenerator<Supplier> {}
