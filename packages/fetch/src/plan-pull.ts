import type { Digest } from "@store/layout";
import { type Name, twinOf } from "@store/manifest";

import { modelNotFound } from "./http/http-errors.ts";
import { redactUrl } from "./http/redact-url.ts";
import { chooseName } from "./names/choose-name.ts";
import { flatNameFrom } from "./names/flat-name.ts";
import { pickSource } from "./pick-source.ts";
import { createPolicy } from "./policy/create-policy.ts";
import type { PullPorts, SelectOptions } from "./pull-options.ts";
import { checkConflict, nameTaken } from "./record/check-conflict.ts";
import { type ExistingManifest, readExisting } from "./record/read-existing.ts";
import { recordedDigests } from "./record/recorded-files.ts";
import { selectModelFiles } from "./select-model-files.ts";
import type { ResolvedModel, Source, SourceFile } from "./source.ts";

/** What is going to happen: everything is decided, nothing was fetched. */
export interface PullPlan {
  readonly source: Source;
  readonly model: ResolvedModel;
  readonly name: Name;
  readonly files: readonly SourceFile[];
  readonly existing: ExistingManifest | undefined;
  /** Digests by path that are likely, and have to be checked. */
  readonly hints: ReadonlyMap<string, Digest>;
}

/**
 * Resolves a location and decides on files and name. Asks the source and the manifests; changes
 * nothing, but for wrong bytes that a port is there to keep.
 */
export async function planPull(
  location: string,
  ports: Pick<PullPorts, "sources" | "manifests" | "readOrigins" | "quarantine">,
  options: SelectOptions,
): Promise<PullPlan> {
  const { signal, as, policy = createPolicy() } = options;
  const source = pickSource(location, ports.sources);
  const resolved = await source.resolve(location, { signal, quarantine: ports.quarantine });
  if (resolved === undefined) throw modelNotFound(redactUrl(location), "model");
  const files = selectModelFiles(resolved, options);
  const model = narrow(resolved, files);
  await policy({ model, files });
  // A manifest of another's making keeps its form, however few files it has.
  const name = chooseName(
    as ?? model.suggestedName,
    model.manifest === undefined ? files.length : Infinity,
  );
  const existing = await readExisting(name, ports, { signal });
  // All of this is found out again when the name is recorded, but then gigabytes were fetched.
  checkConflict(existing, model, files);
  if (existing === undefined) await checkTwin(name, ports.manifests, signal);
  const hints = recordedDigests(model, existing);
  return { source, model, name, files, existing, hints };
}

async function checkTwin(
  name: Name,
  manifests: PullPorts["manifests"],
  signal: AbortSignal | undefined,
): Promise<void> {
  const twin = twinOf(name);
  const taken = twin === undefined ? undefined : await manifests.get(twin, { signal });
  if (taken !== undefined) throw nameTaken(name, taken);
}

/** Some files of a model are another model, and one file alone goes by its own name. */
function narrow(model: ResolvedModel, selected: readonly SourceFile[]): ResolvedModel {
  const [only] = selected;
  if (selected.length === model.files.length) return model;
  const part = { ...model, manifest: undefined };
  if (only === undefined || selected.length > 1) return part;
  return {
    ...part,
    suggestedName: flatNameFrom(only.path),
    source: { ...model.source, filename: only.path },
  };
}
