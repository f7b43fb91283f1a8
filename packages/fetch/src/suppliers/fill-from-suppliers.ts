import { type AbortOptions, type ByteRange, StoreError } from "@store/layout";

import { modelNotFound } from "../http/http-errors.ts";
import type { RangeSink } from "../transfer/fill-ranges.ts";
import { isSupplierFault, type PlacedFile, type Supplier } from "./supplier.ts";

export interface FillFromOptions extends AbortOptions {
  readonly sink: Pick<RangeSink, "missing">;
  /** Fills the sink from one place. */
  fill(placed: PlacedFile): Promise<void>;
  /** One place failed and the next is asked. */
  onTakeover(next: Supplier, failed: Supplier, error: StoreError): void;
}

/** Which ranges came from whom. */
export type Deliveries = Map<Supplier, readonly ByteRange[]>;

/**
 * Fills a sink from one place after the other: where one fails, the next brings what is missing.
 *
 * @param deliveries gets what each of them brought
 * @throws StoreError what the first place threw, if none could bring everything;
 * `ERR_STORE_MODEL_NOT_FOUND` if none has such a file
 */
export async function fillFromSuppliers(
  suppliers: AsyncIterable<Supplier>,
  deliveries: Deliveries,
  { sink, fill, onTakeover, signal }: FillFromOptions,
): Promise<void> {
  let elsewhere: Supplier | undefined;
  const failures: { readonly supplier: Supplier; readonly error: StoreError }[] = [];
  for await (const supplier of suppliers) {
    signal?.throwIfAborted();
    const before = sink.missing();
    try {
      const placed = await supplier.find();
      if (placed === undefined) {
        elsewhere ??= supplier;
        continue;
      }
      const last = failures.at(-1);
      if (last !== undefined) onTakeover(supplier, last.supplier, last.error);
      await fill(placed);
      const left = countBytes(sink.missing());
      if (left === 0 || left === Infinity) return;
      throw tooShort(supplier, left);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isSupplierFault(error)) throw error;
      failures.push({ supplier, error });
    } finally {
      const brought = subtract(before, sink.missing());
      if (brought.length > 0) deliveries.set(supplier, brought);
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) throw noSuchFile(elsewhere);
  throw others.length === 0 ? first.error : withOthers(first.error, others);
}

function noSuchFile(supplier: Supplier | undefined): StoreError {
  if (supplier === undefined) throw new TypeError("nobody was asked for the bytes");
  const { location } = supplier;
  return modelNotFound(location, "file", {
    message: `${location} has no file that could be it`,
    hint: "Name the file itself, or another place.",
  });
}

/** A place can say that it is done when it is not: its file is another one. */
function tooShort({ location }: Supplier, left: number): StoreError {
  return new StoreError(`the file at ${location} ends ${left} bytes too soon`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_SIZE_MISMATCH",
    hint: "Fetch from another source.",
    detail: { location, missing: left },
  });
}

/** The first failure, which is that of the place that was asked for, and what the others said. */
function withOthers(
  { message, kind, code, hint, detail, cause }: StoreError,
  others: readonly { readonly supplier: Supplier; readonly error: StoreError }[],
): StoreError {
  const said = others.map(({ supplier, error }) => `${supplier.location}: ${error.message}`);
  return new StoreError(`${message}; and no other place helped: ${said.join("; ")}`, {
    kind,
    code,
    hint,
    detail: { ...detail, others: others.map(({ error }) => error.code) },
    cause,
  });
}

export function countBytes(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** What is in one list of ranges and not in the other. */
function subtract(from: readonly ByteRange[], other: readonly ByteRange[]): readonly ByteRange[] {
  return from.flatMap(({ start, end }) => {
    const parts: ByteRange[] = [];
    let at = start;
    for (const gap of other) {
      if (gap.end <= at || gap.start >= end) continue;
      if (gap.start > at) parts.push({ start: at, end: gap.start });
      at = Math.min(end, gap.end);
    }
    if (at < end) parts.push({ start: at, end });
    return parts;
  });
}
