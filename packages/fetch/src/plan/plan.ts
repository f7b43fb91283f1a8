import { formatName } from "@store/manifest";

import { planPull } from "../plan-pull.ts";
import type { SelectOptions } from "../pull-options.ts";
import type { SourceFile } from "../source.ts";
import { resumeTargetOf } from "../transfer/resume-target.ts";
import type { FetchPlan, PlannedFile, PlanPorts } from "./fetch-plan.ts";

/**
 * What a pull of a location would fetch, reuse, and need on disk. Asks the source and looks into the
 * store; fetches, hashes and changes nothing, so a blob that is damaged counts as present.
 *
 * @throws StoreError everything a pull throws before it fetches
 */
export async function plan(
  location: string,
  ports: PlanPorts,
  options: SelectOptions = {},
): Promise<FetchPlan> {
  const { sources, manifests, readOrigins } = ports;
  // No more of the ports, whatever the caller's object has: whoever only looks keeps nothing.
  const looked = await planPull(location, { sources, manifests, readOrigins }, options);
  const { model, name, files, existing, hints } = looked;
  const planned: PlannedFile[] = [];
  for (const file of files) {
    const digest = file.digest ?? hints.get(file.path);
    planned.push(await planFile({ ...file, digest }, ports, options.signal));
  }
  const bytesToFetch = countMissing(planned);
  return {
    location: model.location,
    revision: model.revision,
    name: formatName(name),
    replaces: existing?.descriptor.digest,
    license: model.license,
    format: model.format,
    files: planned,
    bytesToFetch,
    bytesReused: planned.reduce((sum, { bytesPresent }) => sum + bytesPresent, 0),
    // A partial already takes the place of what it has, and becomes the blob.
    bytesOnDisk: bytesToFetch,
    bytesFree: await ports.freeBytes?.(),
  };
}

async function planFile(
  file: SourceFile,
  { blobs, countPartialBytes }: PlanPorts,
  signal: AbortSignal | undefined,
): Promise<PlannedFile> {
  const { path, size, digest } = file;
  const present = digest === undefined ? undefined : await blobs.stat(digest, { signal });
  if (present !== undefined) {
    return { path, size: present.size, digest, state: "present", bytesPresent: present.size };
  }
  const target = resumeTargetOf(file);
  const bytesPresent = target === undefined ? 0 : ((await countPartialBytes?.(target)) ?? 0);
  const state = bytesPresent > 0 ? "partial" : "absent";
  return { path, size, digest, state, bytesPresent };
}

/** Files of one content are fetched once. */
function countMissing(files: readonly PlannedFile[]): number | undefined {
  const seen = new Set<string>();
  let bytes = 0;
  for (const { digest, state, size, bytesPresent } of files) {
    if (state === "present" || (digest !== undefined && seen.has(digest))) continue;
    if (size === undefined) return undefined;
    if (digest !== undefined) seen.add(digest);
    bytes += size - bytesPresent;
  }
  return bytes;
}
