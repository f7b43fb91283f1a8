import { pickSource, repair, type RepairResult } from "@store/fetch";
import {
  type Digest,
  isStoreError,
  openRepair,
  readOrigins,
  type StoreError,
  type StoreErrorJson,
} from "@store/layout";
import { parseName, REF_DEFAULTS, referencedDigests } from "@store/manifest";

import type { CommandContext } from "../command-context.ts";
import { createSources, type SourceFlags } from "../fetching/create-sources.ts";
import { readConnections, readRateLimit } from "../fetching/read-limits.ts";
import { findModel } from "../models/find-model.ts";
import { openStore, type Store } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { createPullProgress } from "../output/pull-progress.ts";

export interface RepairFlags extends SourceFlags {
  readonly from?: readonly string[];
  readonly connections?: string;
  readonly limitRate?: string;
}

interface Failure {
  readonly digest: Digest;
  readonly error: StoreErrorJson;
}

/**
 * `store repair WHAT...`: hashes blobs and fetches again what is wrong with them. One that cannot be
 * repaired keeps no other from it, and is what the command fails with in the end.
 */
export async function repairBlobs(
  context: CommandContext,
  texts: readonly string[],
  flags: RepairFlags,
): Promise<number> {
  const limits = {
    connections: readConnections(flags.connections),
    rateLimit: readRateLimit(flags.limitRate),
  };
  const { output, signal } = context;
  await using store = await openStore(context);
  const digests = await listDigests(store, texts);
  const sources = await createSources(context, flags);
  for (const location of flags.from ?? []) pickSource(location, sources);
  const onProgress = createPullProgress(output);
  const results: RepairResult[] = [];
  const failures: (Failure & { readonly thrown: StoreError })[] = [];
  for (const digest of digests) {
    try {
      const result = await repairOne(digest);
      results.push(result);
      output.text(describe(result));
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isStoreError(thrown)) throw thrown;
      failures.push({ digest, error: thrown.toJSON(), thrown });
      if (digests.length > 1) output.note(`${digest}: ${escapeText(thrown.message)}`);
    }
  }
  output.event({
    kind: "result",
    ok: failures.length === 0,
    blobs: results,
    failed: failures.map(({ digest, error }) => ({ digest, error })),
  });
  if (failures[0] !== undefined) throw failures[0].thrown;
  return 0;

  async function repairOne(digest: Digest): Promise<RepairResult> {
    const { layout, leases } = store;
    if (await isPackedRight(store, digest, signal)) return nothingWrong(digest);
    const named = await repairFromName(store, digest, signal);
    if (named !== undefined) return named;
    return repair(
      { digest },
      {
        sources,
        leases,
        openRepair: (target, options) => openRepair(layout, target, options),
        readOrigins: (blob) => readOrigins(layout, blob),
      },
      { ...limits, from: flags.from, signal, onProgress },
    );
  }
}

/** Of a name everything it needs, its own manifest included; each once. */
async function listDigests(store: Store, texts: readonly string[]): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for (const text of texts) {
    const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
    if (name === undefined && digest !== undefined) {
      found.push(digest);
      continue;
    }
    const { document, descriptor } = await findModel(store.manifests, text);
    if (document.kind !== "v1") found.push(descriptor.digest);
    found.push(...[...referencedDigests(document)].toSorted());
  }
  return [...new Set(found)];
}

/** Reading a packed blob checks it; a damaged one gets a file of its own, which is read instead. */
async function isPackedRight(store: Store, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const info = await store.packs.stat(digest, { signal });
  if (info === undefined) return false;
  try {
    let size = 0;
    for await (const chunk of store.packs.read(digest, { signal })) size += chunk.length;
    return size === info.size;
  } catch (error) {
    if (isStoreError(error) && error.kind === "corrupt") return false;
    throw error;
  }
}

/** A manifest lies under its names as well, so nobody need be asked for it. */
async function repairFromName(
  { layout, manifests }: Store,
  digest: Digest,
  signal: AbortSignal,
): Promise<RepairResult | undefined> {
  for await (const listed of manifests.listStored({ signal })) {
    if (!("stored" in listed) || listed.stored.descriptor.digest !== digest) continue;
    const { bytes, descriptor, document } = listed.stored;
    // Such a document is no blob.
    if (document.kind === "v1") continue;
    await using ingest = await openRepair(layout, descriptor, { signal });
    if (ingest === undefined) return nothingWrong(digest);
    for (const { start, end } of ingest.missing()) {
      await ingest.writeAt(start, bytes.slice(start, end));
    }
    await ingest.commit({ signal });
    return { digest, repaired: true, bytesFetched: 0, bytesKept: descriptor.size };
  }
  return undefined;
}

const nothingWrong = (digest: Digest): RepairResult => ({
  digest,
  repaired: false,
  bytesFetched: 0,
  bytesKept: 0,
});

function describe({ digest, repaired, bytesFetched, bytesKept }: RepairResult): string {
  if (!repaired) return `${digest} is right\n`;
  const kept = bytesKept === 0 ? "" : `, ${formatBytes(bytesKept)} were here and right`;
  return `repaired ${digest}: ${formatBytes(bytesFetched)} fetched${kept}\n`;
}
