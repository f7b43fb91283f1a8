import type { StoreError } from "@store/layout";

import { redactUrl } from "../http/redact-url.ts";
import type { ResolvedModel } from "../source.ts";
import { createRoster } from "../suppliers/roster.ts";
import { isDigestMismatch, isSupplierFault, type Supplier } from "../suppliers/supplier.ts";
import { type SmallFile, takeSmallFile } from "./take-small-file.ts";
import type { Transferred, TransferOptions, TransferPorts } from "./transfer-file.ts";

/**
 * Fetches a file that goes through memory from the first place that has it right. Each begins anew:
 * so little is cheaper to fetch again than to tell apart.
 *
 * @throws StoreError what the first place threw, if none had it
 */
export async function takeFromAny(
  model: ResolvedModel,
  file: SmallFile,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Transferred> {
  const { signal, onEvent } = options;
  const { path } = file;
  const first: Supplier = {
    location: redactUrl(model.location),
    find: async () => ({ source: ports.source, model, file }),
  };
  let failure: StoreError | undefined;
  let failed = first;
  for await (const supplier of createRoster(first, ports.findSuppliers?.(file) ?? none())) {
    try {
      const placed = await supplier.find();
      if (placed === undefined) continue;
      const { location } = supplier;
      if (failure !== undefined) {
        const { code, message } = failure;
        onEvent({ kind: "takeover", path, location, failed: failed.location, code, message });
      }
      const there = { ...ports, source: placed.source };
      const { url } = placed.file;
      return await takeSmallFile(placed.model, { ...file, url }, there, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isSupplierFault(error) && !isDigestMismatch(error)) throw error;
      failure ??= error;
      failed = supplier;
    }
  }
  throw failure ?? new TypeError(`nobody was asked for ${path}`);
}

async function* none(): AsyncGenerator<Supplier> {}
