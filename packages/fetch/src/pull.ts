import { type Descriptor, type Digest, isStoreError } from "@store/layout";
import { formatName } from "@store/manifest";

import { defaultRetryPolicy } from "./http/retry-policy.ts";
import { systemTimers } from "./http/timers.ts";
import { pickSource } from "./pick-source.ts";
import { type PullPlan, planPull } from "./plan-pull.ts";
import type { PulledFile, PullOptions, PullPorts, PullResult } from "./pull-options.ts";
import { checkConflict } from "./record/check-conflict.ts";
import { readExisting } from "./record/read-existing.ts";
import { type ReadyModel, recordModel } from "./record/record-model.ts";
import { createPolicy } from "./policy/create-policy.ts";
import type { ResolvedModel, SourceFile } from "./source.ts";
import { createSupplierFinder } from "./suppliers/find-suppliers.ts";
import type { Transferred } from "./transfer/transfer-file.ts";
import { createQuota } from "./transfer/quota.ts";
import { transferFiles } from "./transfer/transfer-files.ts";

/** Files at once. */
const CONCURRENCY = 2;
/** Connections of a pull: what a line with a limit for each needs, few enough for a server to bear. */
const CONNECTIONS_MAX = 32;

/** Small files asked for at once: what hides the way to a server, few enough for it to bear. */
const REQUESTS_MAX = 16;

/** Times a name may change under our hands before we say so. */
const RECORD_ATTEMPTS_MAX = 3;

const DEFAULT_PRODUCER = "store/0";

/**
 * Fetches a model into a store, verifies every file, and records its name.
 *
 * An interrupted pull keeps what arrived, and the next one goes on from there. A name that exists
 * is brought up to date if it came from the same source, and is a conflict otherwise.
 *
 * One file gets a v1 manifest under a flat name, or an artifact under a reference if `as` is one.
 * Several files get a ModelPack artifact under a reference; a flat `as` then means
 * `registry.ollama.ai/library/<as>:latest`.
 *
 * @throws StoreError `ERR_STORE_LOCATION_UNKNOWN`, `ERR_STORE_LOCATION_AMBIGUOUS`,
 * `ERR_STORE_MODEL_NOT_FOUND`, `ERR_STORE_AUTH_REQUIRED`, `ERR_STORE_NAME_CONFLICT`,
 * `ERR_STORE_UPSTREAM_ERROR`, `ERR_STORE_BLOB_DIGEST_MISMATCH`, …
 */
export async function pull(
  location: string,
  ports: PullPorts,
  options: PullOptions = {},
): Promise<PullResult> {
  checkCount("concurrency", options.concurrency);
  checkCount("connections", options.connections);
  for (const mirror of options.mirrors ?? []) pickSource(mirror, ports.sources);
  const plan = await planPull(location, ports, options);
  const { model, files } = plan;
  const sizes = files.map(({ size }) => size);
  options.onProgress?.({
    kind: "resolve",
    location: model.location,
    revision: model.revision,
    fileCount: files.length,
    bytes: sizes.includes(undefined)
      ? undefined
      : sizes.reduce<number>((sum, size = 0) => sum + size, 0),
  });
  return fetchAndRecord(plan, ports, options);
}

function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return;
  throw new TypeError(`${name} must be a whole number from 1, not ${value}`);
}

async function fetchAndRecord(
  { source, model, name, files, existing, hints }: PullPlan,
  ports: PullPorts,
  options: PullOptions,
): Promise<PullResult> {
  const { blobs, leases, manifests, recordOrigin } = ports;
  const { now = Date.now, timers = systemTimers } = ports;
  const { signal, onProgress, policy = createPolicy() } = options;
  const concurrency = options.concurrency ?? CONCURRENCY;
  const atOnce = Math.max(1, Math.min(concurrency, files.length, CONNECTIONS_MAX));
  // P1: before anything is looked up, so that no sweep takes what the look finds.
  await using lease = await leases.acquire(knownDigests(files, hints), {
    reason: `pull ${model.location}`,
  });
  const transferred = await transferFiles(
    model,
    files,
    {
      source,
      blobs,
      hints,
      lease,
      timers,
      retry: { ...defaultRetryPolicy, ...options.retry },
      requests: createQuota(REQUESTS_MAX),
      limit: options.rateLimit,
      quarantine: ports.quarantine,
      stallMs: options.stallMs,
      findSuppliers: createSupplierFinder(ports, {
        mirrors: options.mirrors ?? [],
        isOnly: files.length === 1,
        judge: ({ model: there, file }) => policy({ model: asFrom(there), files: [file] }),
        signal,
      }),
    },
    {
      signal,
      concurrency,
      connections: options.connections ?? Math.floor(CONNECTIONS_MAX / atOnce),
      onEvent: (event) => onProgress?.(event),
    },
  );
  const pulled = files.map((file, index) => toPulled(file, transferred[index]));
  await recordOrigins(model, pulled, recordOrigin);
  const descriptor = await record({ model, name, files: pulled, existing });
  if (model.manifest !== undefined) await recordManifestOrigin(model, descriptor, recordOrigin);
  const text = formatName(name);
  onProgress?.({ kind: "publish", name: text, digest: descriptor.digest });
  return summarize(text, model, descriptor, pulled, transferred);

  /** The same model at another host: all that a further place of its bytes changes. */
  function asFrom({ source: { registry } }: ResolvedModel): ResolvedModel {
    return { ...model, source: { ...model.source, registry } };
  }

  /** Another pull may give the name meanwhile; then that is what must not be in the way. */
  async function record(ready: ReadyModel, attempt = 1): Promise<Descriptor> {
    checkConflict(ready.existing, model, ready.files);
    try {
      return await recordModel(
        ready,
        { blobs, manifests, lease, now },
        { signal, producedBy: options.producedBy ?? DEFAULT_PRODUCER },
      );
    } catch (error) {
      const isRace = isStoreError(error, "ERR_STORE_MANIFEST_CHANGED");
      if (!isRace || attempt === RECORD_ATTEMPTS_MAX) throw error;
      return record(
        { ...ready, existing: await readExisting(name, ports, { signal }) },
        attempt + 1,
      );
    }
  }
}

function toPulled({ path }: SourceFile, done: Transferred | undefined): PulledFile {
  if (done === undefined) throw new TypeError(`no result for ${path}`);
  return { path, digest: done.digest, size: done.size, reused: done.reused };
}

/** So that a later pull knows a manifest again that says nothing of where it came from. */
async function recordManifestOrigin(
  { place, revision }: ResolvedModel,
  { digest }: Descriptor,
  recordOrigin: PullPorts["recordOrigin"],
): Promise<void> {
  if (place !== undefined) await recordOrigin?.(digest, { location: place, revision });
}

async function recordOrigins(
  { place, revision }: ResolvedModel,
  files: readonly PulledFile[],
  recordOrigin: PullPorts["recordOrigin"],
): Promise<void> {
  if (place === undefined) return;
  for (const { digest, path } of files) {
    await recordOrigin?.(digest, {
      location: place,
      path,
      ...(revision === "" ? {} : { revision }),
    });
  }
}

function knownDigests(
  files: readonly SourceFile[],
  hints: ReadonlyMap<string, Digest>,
): readonly Digest[] {
  return files.flatMap(({ path, digest }) => digest ?? hints.get(path) ?? []);
}

function summarize(
  name: string,
  model: ResolvedModel,
  descriptor: Descriptor,
  files: readonly PulledFile[],
  transferred: readonly Transferred[],
): PullResult {
  const bytesFetched = transferred.reduce((sum, done) => sum + done.bytesFetched, 0);
  const bytesReused = transferred.reduce(
    (sum, { reused, size, bytesResumed }) => sum + (reused ? size : bytesResumed),
    0,
  );
  return { name, descriptor, revision: model.revision, files, bytesFetched, bytesReused };
}
