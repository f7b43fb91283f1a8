import { StoreError } from "@store/layout";
import { inspectModel, type ModelInfo } from "@store/manifest/inspect";

import { modelNotFound } from "../http/http-errors.ts";
import { redactUrl } from "../http/redact-url.ts";
import { systemTimers, type Timers } from "../http/timers.ts";
import { pickSource } from "../pick-source.ts";
import type { SelectOptions } from "../pull-options.ts";
import { selectModelFiles } from "../select-model-files.ts";
import type { ResolvedModel, Source, SourceFile } from "../source.ts";
import { createRemoteRanges } from "./remote-ranges.ts";

/** What the header of one file says. */
export interface InspectedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly info: ModelInfo;
}

/** What can be known of a model without fetching it. */
export interface Inspection {
  /** The location as asked for, without credentials. */
  readonly location: string;
  readonly revision: string;
  readonly license: string | undefined;
  readonly format: string | undefined;
  /** All files of the location, ascending by path. */
  readonly files: readonly SourceFile[];
  /** Those among them whose headers could be read, in the same order. */
  readonly headers: readonly InspectedFile[];
  /** Body bytes that it cost. */
  readonly bytesFetched: number;
}

export interface InspectPorts {
  readonly sources: readonly Source[];
  /** Monotonic time for pauses; the system's by default. */
  readonly timers?: Timers | undefined;
}

/** Headers read of one model: a split of hundreds of parts says the same in each of them. */
const HEADERS_MAX = 64;

/**
 * Reads the headers of a model's GGUF and safetensors files by range, and nothing else of it. Asks
 * the source only: the store is not looked at.
 *
 * @throws StoreError as `pull` before it fetches; `ERR_STORE_HEADER_INVALID`,
 * `ERR_STORE_HEADER_UNSUPPORTED`, `ERR_STORE_TOO_MANY_ENTRIES`
 */
export async function inspect(
  location: string,
  ports: InspectPorts,
  options: Pick<SelectOptions, "signal" | "include" | "exclude"> = {},
): Promise<Inspection> {
  const { signal } = options;
  const source = pickSource(location, ports.sources);
  const model = await source.resolve(location, { signal });
  if (model === undefined) throw modelNotFound(redactUrl(location), "model");
  const files = selectModelFiles(model, options);
  const weights = files.filter(isInspectable);
  if (weights.length > HEADERS_MAX) throw tooMany(model, weights.length);
  const headers: InspectedFile[] = [];
  let bytesFetched = 0;
  for (const file of weights) {
    const ranges = createRemoteRanges(
      { source, model, file },
      ports.timers ?? systemTimers,
      options,
    );
    const info = await inspectModel(ranges, { signal });
    bytesFetched += ranges.bytesFetched;
    if (info !== undefined) headers.push({ path: file.path, size: file.size, info });
  }
  const { revision, license, format } = model;
  return { location: model.location, revision, license, format, files, headers, bytesFetched };
}

function isInspectable(file: SourceFile): file is SourceFile & { readonly size: number } {
  return file.size !== undefined && file.size > 0 && /\.(?:gguf|safetensors)$/i.test(file.path);
}

function tooMany({ location }: ResolvedModel, count: number): StoreError {
  return new StoreError(`${location} has ${count} files with headers, more than ${HEADERS_MAX}`, {
    kind: "invalid",
    code: "ERR_STORE_TOO_MANY_ENTRIES",
    hint: "Choose some of them with --include.",
    detail: { location, count },
  });
}
