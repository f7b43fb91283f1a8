import type { Digest } from "@store/layout";

import { linkAbort } from "../http/link-abort.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import {
  transferFile,
  type Transferred,
  type TransferOptions,
  type TransferPorts,
} from "./transfer-file.ts";

export interface TransferFilesOptions extends TransferOptions {
  /** Files in flight at once. */
  readonly concurrency: number;
}

/**
 * Transfers the files of a model, several at once. Files of the same content are fetched once. The
 * first failure stops the others, which keep what they have.
 *
 * @returns in the order of `files`
 */
export async function transferFiles(
  model: ResolvedModel,
  files: readonly SourceFile[],
  ports: TransferPorts,
  options: TransferFilesOptions,
): Promise<readonly Transferred[]> {
  const link = linkAbort(options.signal);
  const results: (Transferred | undefined)[] = files.map(() => undefined);
  const inFlight = new Map<Digest, Promise<Transferred>>();
  let next = 0;

  async function take(file: SourceFile): Promise<Transferred> {
    const own = { ...options, signal: link.signal };
    const twin = file.digest === undefined ? undefined : inFlight.get(file.digest);
    // Its bytes come with the other file; a look then finds them.
    if (twin !== undefined) await twin;
    const transfer = transferFile(model, file, ports, own);
    if (file.digest !== undefined) inFlight.set(file.digest, transfer);
    return transfer;
  }

  async function work(): Promise<void> {
    try {
      for (let index = next++; index < files.length; index = next++) {
        const file = files[index];
        if (file !== undefined) results[index] = await take(file);
      }
    } catch (error) {
      link.abort(error);
    }
  }

  try {
    await Promise.all(Array.from({ length: Math.min(options.concurrency, files.length) }, work));
    link.signal.throwIfAborted();
  } finally {
    link.close();
  }
  return results.flatMap((result) => result ?? []);
}
