import { type Digest, isStoreError, type StoreError } from "@store/layout";

import { upstreamError } from "../http/http-errors.ts";
import { redactUrl } from "../http/redact-url.ts";
import { pickSource } from "../pick-source.ts";
import type { QuarantinePort } from "../quarantine-port.ts";
import type { FileOrigin, KnownFile, ResolvedModel, Source, SourceFile } from "../source.ts";
import { findInMirror } from "./find-in-mirror.ts";
import type { PlacedFile, Supplier } from "./supplier.ts";

export interface SupplierPorts {
  readonly sources: readonly Source[];
  readonly quarantine?: QuarantinePort | undefined;
  readonly readOrigins?: ((digest: Digest) => Promise<readonly FileOrigin[]>) | undefined;
}

export interface FindSuppliersOptions {
  /** Locations the caller names, asked in this order and before all others. */
  readonly mirrors: readonly string[];
  /** Whether nothing else is wanted, so that the only file of a mirror can but mean this one. */
  readonly isOnly: boolean;
  /** Judges a place before it is asked for bytes; throws to refuse it. */
  judge(placed: PlacedFile): void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** The further places of a file: those the caller names, then those that are recorded for its blob. */
export type FindSuppliers = (file: SourceFile) => AsyncIterable<Supplier>;

export function createSupplierFinder(
  { sources, readOrigins, quarantine }: SupplierPorts,
  { mirrors, isOnly, judge, signal }: FindSuppliersOptions,
): FindSuppliers {
  /** A mirror is asked what it has at most once, however many files are looked for there. */
  const asked = new Map<string, Promise<{ source: Source; model: ResolvedModel | undefined }>>();

  async function askMirror(
    location: string,
  ): Promise<{ source: Source; model: ResolvedModel | undefined }> {
    const source = pickSource(location, sources);
    try {
      return { source, model: await source.resolve(location, { signal, quarantine }) };
    } catch (error) {
      throw isUseless(error) ? uselessListing(location, error) : error;
    }
  }

  async function findAt(location: string, file: SourceFile): Promise<PlacedFile | undefined> {
    const asking = asked.get(location) ?? askMirror(location);
    asked.set(location, asking);
    const mirror = await asking;
    const found = mirror.model === undefined ? undefined : findInMirror(mirror.model, file, isOnly);
    return mirror.model === undefined || found === undefined
      ? undefined
      : allowed({ source: mirror.source, model: mirror.model, file: found });
  }

  async function allowed(placed: PlacedFile): Promise<PlacedFile> {
    await judge(placed);
    return placed;
  }

  return async function* (file) {
    for (const location of mirrors) {
      yield { location: redactUrl(location), find: () => findAt(location, file) };
    }
    const { digest, size } = file;
    if (digest === undefined) return;
    const origins = (await readOrigins?.(digest)) ?? [];
    for (const placed of recordedPlaces(sources, origins, { digest, size })) {
      if (file.url !== undefined && placed.file.url === file.url) continue;
      yield { location: placed.model.location, find: () => allowed(placed) };
    }
  };
}

/** Whether what a place says of its files cannot be used. */
function isUseless(error: unknown): error is StoreError {
  return isStoreError(error) && ["corrupt", "invalid", "unsupported"].includes(error.kind);
}

/** A fault of that place, and no word about the bytes that are looked for: others may have them. */
function uselessListing(location: string, cause: StoreError): StoreError {
  const { message, hint } = cause;
  return upstreamError(message, { url: location, transient: false, hint, cause });
}

/** What records of origins lead to, the newest first. One that no source understands is passed over. */
function recordedPlaces(
  sources: readonly Source[],
  origins: readonly FileOrigin[],
  known: KnownFile,
): readonly PlacedFile[] {
  return origins.toReversed().flatMap((origin) => {
    for (const source of sources) {
      const model = resolveOrigin(source, origin, known);
      const file = model?.files[0];
      if (model !== undefined && file !== undefined) return [{ source, model, file }];
    }
    return [];
  });
}

function resolveOrigin(
  source: Source,
  origin: FileOrigin,
  known: KnownFile,
): ResolvedModel | undefined {
  try {
    return source.resolveOrigin?.(origin, known);
  } catch (error) {
    // Another tool, or another version of this one, may have written it.
    if (isStoreError(error) && error.kind !== "internal") return undefined;
    throw error;
  }
}
