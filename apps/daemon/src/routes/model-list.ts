import { type Digest, isStoreError, StoreError, type StoreErrorJson } from "@store/layout";
import { filesOf, formatName, type ManifestEntry, parseName } from "@store/manifest";

import { describeError } from "../log.ts";
import { jsonResponse } from "../http/json-response.ts";
import type { RouteContext } from "./route-context.ts";

/** Models per answer: each is read from disk, and the answer is built in memory. */
const PAGE_MAX = 1000;

/** A model as the list shows it; one whose manifest cannot be read says why instead. */
type ModelSummary =
  | {
      readonly name: string;
      readonly kind: string;
      /** Identity of the manifest. */
      readonly digest: Digest;
      /** Number of files. */
      readonly fileCount: number;
      /** Bytes of the files, each digest counted once. */
      readonly size: number;
    }
  | { readonly name: string; readonly error: StoreErrorJson };

/** `GET /v1/models?after=<name>&limit=<n>`: models by full name, ascending, a page at a time. */
export async function answerModelList(context: RouteContext): Promise<Response> {
  const { request, manifests } = context;
  const { signal } = request;
  const query = new URL(request.url).searchParams;
  const limit = parseLimit(query.get("limit"));
  const after = parseAfter(query.get("after"));
  const models: ModelSummary[] = [];
  for await (const entry of manifests.list({ signal })) {
    if (after !== undefined && formatName(entry.name) <= after) continue;
    const last = models.at(-1);
    if (models.length === limit && last !== undefined) {
      return jsonResponse({ models, next: last.name });
    }
    const summary = await summarize(entry, context);
    if (summary !== undefined) models.push(summary);
  }
  return jsonResponse({ models });
}

/** One bad manifest spoils its own entry and no other. A name that went meanwhile has none. */
async function summarize(
  entry: ManifestEntry,
  { request, manifests, redact, log }: RouteContext,
): Promise<ModelSummary | undefined> {
  const name = formatName(entry.name);
  try {
    const found = await manifests.get(entry.name, { signal: request.signal });
    if (found === undefined) return undefined;
    const files = filesOf(found.document);
    const sizes = new Map(files.map(({ digest, size }) => [digest, size]));
    return {
      name,
      kind: found.document.kind,
      digest: found.descriptor.digest,
      fileCount: files.length,
      size: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    };
  } catch (error) {
    request.signal.throwIfAborted();
    if (!isStoreError(error)) log({ event: "model-failed", name, error: describeError(error) });
    return { name, error: redact(error) };
  }
}

function parseLimit(text: string | null): number {
  if (text === null) return PAGE_MAX;
  const limit = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.NaN;
  if (limit <= PAGE_MAX) return limit;
  throw new StoreError(`limit is not a number from 1 to ${PAGE_MAX}`, {
    kind: "invalid",
    code: "ERR_STORE_QUERY_INVALID",
  });
}

function parseAfter(text: string | null): string | undefined {
  if (text === null) return undefined;
  const { name } = parseName(text);
  if (name !== undefined) return formatName(name);
  throw new StoreError("after is not the full name of a model", {
    kind: "invalid",
    code: "ERR_STORE_QUERY_INVALID",
  });
}
