import type { Digest } from "@store/layout";

import { type AbortLink, linkAbort } from "../http/link-abort.ts";
import type { ResolvedModel, SourceFile } from "../source.ts";
import { createQuota } from "./quota.ts";
import { isSmall } from "./take-small-file.ts";
import {
  transferFile,
  type Transferred,
  type TransferOptions,
  type TransferPorts,
} from "./transfer-file.ts";

/**
 * Memory of the small files in flight. Many together share syncs of directories and of leases, so
 * there should be hundreds.
 */
const SMALL_BYTES = 8 * 1024 * 1024;
/** What a file in flight costs besides its bytes. */
const SMALL_FILE_COST_BYTES = 4 * 1024;

export interface TransferFilesOptions extends TransferOptions {
  /** Files in flight at once, small ones aside. */
  readonly concurrency: number;
}

/**
 * Transfers the files of a model: first the small ones, hundreds at once, then the others, a few
 * at once. Files of the same content are fetched once. The first failure stops the others, which
 * keep what they have.
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
  const own = { ...options, signal: link.signal };
  const results = new Map<SourceFile, Transferred>();
  const inFlight = new Map<Digest, Promise<Transferred>>();

  async function take(file: SourceFile): Promise<void> {
    const twin = file.digest === undefined ? undefined : inFlight.get(file.digest);
    // Its bytes come with the other file; a look then finds them.
    if (twin !== undefined) await twin;
    const transfer = transferFile(model, file, ports, own);
    if (file.digest !== undefined) inFlight.set(file.digest, transfer);
    results.set(file, await transfer);
  }

  try {
    await takeAll(files.filter(isSmall), {
      total: SMALL_BYTES,
      cost: ({ size = 0 }) => size + SMALL_FILE_COST_BYTES,
      take,
      link,
    });
    await takeAll(
      files.filter((file) => !isSmall(file)),
      { total: options.concurrency, cost: () => 1, take, link },
    );
  } finally {
    link.close();
  }
  return files.flatMap((file) => results.get(file) ?? []);
}

interface TakeAllOptions {
  /** What all in flight may cost together. */
  readonly total: number;
  readonly cost: (file: SourceFile) => number;
  readonly take: (file: SourceFile) => Promise<void>;
  readonly link: AbortLink;
}

/** Takes files in order, as many at once as are afforded; the first failure ends all. */
async function takeAll(
  files: readonly SourceFile[],
  { total, cost, take, link }: TakeAllOptions,
): Promise<void> {
  const quota = createQuota(total);
  const running = new Set<Promise<void>>();
  for (const file of files) {
    const release = await quota.take(cost(file));
    if (link.signal.aborted) break;
    const taking = take(file)
      .catch((error: unknown) => link.abort(error))
      .finally(() => {
        running.delete(taking);
        release();
      });
    running.add(taking);
  }
  await Promise.all(running);
  link.signal.throwIfAborted();
}
