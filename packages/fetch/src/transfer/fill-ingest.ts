import { type ByteRange, type Ingest, StoreError } from "@store/layout";

import type { SourceFile } from "../source.ts";
import { type Deliveries, fillFromSuppliers } from "../suppliers/fill-from-suppliers.ts";
import type { PlacedFile, Supplier } from "../suppliers/supplier.ts";
import { connectFill, createTransferCount } from "./fill-context.ts";
import { fillRanges } from "./fill-ranges.ts";
import type { Transferred, TransferOptions, TransferPorts } from "./transfer-file.ts";

export type FillIngestPorts = Pick<TransferPorts, "timers" | "retry" | "limit" | "lease">;

export interface FillIngestOptions extends TransferOptions {
  readonly suppliers: AsyncIterable<Supplier>;
  /** See `FillOptions`. */
  readonly resumable: boolean;
  /** Gets who brought what. */
  readonly deliveries?: Deliveries | undefined;
}

/**
 * Brings what an ingest lacks, from one place after the other, and commits it. Disposing the ingest
 * is the caller's.
 */
export async function fillIngest(
  ingest: Ingest,
  file: SourceFile,
  ports: FillIngestPorts,
  { suppliers, resumable, deliveries = new Map(), ...options }: FillIngestOptions,
): Promise<Transferred> {
  const { signal, onEvent } = options;
  const { path, digest } = file;
  const bytesResumed = countPresent(ingest);
  onEvent({ kind: "file-start", path, size: file.size, digest, resumedBytes: bytesResumed });
  const count = createTransferCount(
    {
      path,
      total: ingest.size ?? file.size,
      received: bytesResumed,
      verified: () => ingest.hashedBytes(),
    },
    ports,
    options,
  );

  async function fill(placed: PlacedFile): Promise<void> {
    checkSize(placed, ingest.size);
    const context = connectFill({ path, placed }, ingest, ports, { count, onEvent });
    const connections = Math.min(options.connections, placed.source.connectionsMax ?? Infinity);
    await fillRanges(context, { connections, resumable, signal });
  }

  try {
    if (ingest.missing().length > 0) {
      await fillFromSuppliers(suppliers, deliveries, {
        sink: ingest,
        signal,
        fill,
        onTakeover: (next, failed, { code, message }) =>
          onEvent({
            kind: "takeover",
            path,
            location: next.location,
            failed: failed.location,
            code,
            message,
          }),
      });
    }
  } finally {
    count.finish();
  }
  const info = await count.whileVerifying(
    ingest.commit({ signal, origin: describeOrigin(deliveries) }),
  );
  await ports.lease.add([info.digest]);
  return {
    digest: info.digest,
    size: info.size,
    reused: false,
    bytesFetched: count.bytes,
    bytesResumed,
  };
}

/** A file of another size is another one: its bytes would only be in the way of right ones. */
function checkSize({ model, file }: PlacedFile, expected: number | undefined): void {
  const { size: actual } = file;
  if (expected === undefined || actual === undefined || actual === expected) return;
  const { location } = model;
  throw new StoreError(`the file at ${location} has ${actual} bytes, expected ${expected}`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    hint: "Fetch from another source.",
    detail: { location, expected, actual },
  });
}

function describeOrigin(deliveries: Deliveries): string | undefined {
  const locations = [...deliveries.keys()].map(({ location }) => location);
  return locations.length === 0 ? undefined : [...new Set(locations)].join(" ");
}

/** Bytes of an ingest that need not come any more. */
export function countPresent(ingest: Pick<Ingest, "missing" | "size">): number {
  const missing: readonly ByteRange[] = ingest.missing();
  const last = missing.at(-1);
  const end = last?.end === Infinity ? last.start : (ingest.size ?? 0);
  return missing.reduce((sum, gap) => sum - (gap.end === Infinity ? 0 : gap.end - gap.start), end);
}
