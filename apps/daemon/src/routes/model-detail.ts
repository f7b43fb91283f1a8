import { type AbortOptions, type Digest, isStoreError, StoreError } from "@store/layout";
import {
  filesOf,
  formatName,
  type ModelFile,
  parseName,
  type StoredManifest,
} from "@store/manifest";

import { jsonResponse } from "../http/json-response.ts";
import type { RouteContext } from "./route-context.ts";

/** Whether a file's bytes can be had. `damaged`: there is something, and it is not them. */
type FileState = "present" | "missing" | "damaged";

/**
 * `GET /v1/models/:name`: what a name leads to, with its files and whether each is there.
 *
 * @param text a full name, decoded once
 */
export async function answerModelDetail(text: string, context: RouteContext): Promise<Response> {
  const { request, manifests } = context;
  const parsed = parseName(text);
  // `name@digest` and digests alone are questions about blobs, which have a route.
  if (parsed.name === undefined || parsed.digest !== undefined) throw notAFullName();
  const found = await manifests.get(parsed.name, { signal: request.signal });
  if (found === undefined) throw modelNotFound(formatName(parsed.name));
  const files = await describeFiles(filesOf(found.document), context);
  return jsonResponse({
    name: formatName(found.name),
    ...describeDocument(found),
    complete: files.every(({ state }) => state === "present"),
    files,
  });
}

function describeDocument({ document, descriptor }: StoredManifest): Record<string, unknown> {
  const { digest, size, mediaType } = descriptor;
  const manifest = { digest, size, mediaType };
  switch (document.kind) {
    case "v1": {
      const { format, license, source, producedBy, producedAt } = document;
      const { registry, repo, revision, filename } = source;
      const origin = { registry, repo, revision, filename };
      return { kind: "v1", manifest, format, license, source: origin, producedBy, producedAt };
    }
    case "image": {
      const { artifactType, annotations } = document;
      return { kind: "image", manifest, artifactType, annotations };
    }
    case "index": {
      const manifests = document.manifests.map((entry) => ({
        digest: entry.digest,
        size: entry.size,
        mediaType: entry.mediaType,
        platform: entry.platform,
      }));
      return { kind: "index", manifest, artifactType: document.artifactType, manifests };
    }
  }
}

type FileDetail = ModelFile & { readonly state: FileState; readonly url: string };

async function describeFiles(
  files: readonly ModelFile[],
  { request, blobs }: RouteContext,
): Promise<readonly FileDetail[]> {
  const states = new Map<Digest, FileState>();
  const details: FileDetail[] = [];
  for (const { path, digest, size, mediaType, role } of files) {
    const state =
      states.get(digest) ?? (await stateOf(blobs, { digest, size }, { signal: request.signal }));
    states.set(digest, state);
    details.push({ path, digest, size, mediaType, role, state, url: `/v1/blobs/${digest}` });
  }
  return details;
}

async function stateOf(
  blobs: RouteContext["blobs"],
  file: Pick<ModelFile, "digest" | "size">,
  options: AbortOptions,
): Promise<FileState> {
  try {
    const info = await blobs.stat(file.digest, options);
    if (info === undefined) return "missing";
    return info.size === file.size ? "present" : "damaged";
  } catch (error) {
    if (isStoreError(error) && error.kind === "corrupt") return "damaged";
    throw error;
  }
}

function notAFullName(): StoreError {
  return new StoreError("a model is asked for by name, without a digest", {
    kind: "invalid",
    code: "ERR_STORE_REF_INVALID",
    hint: "Ask for the bytes of a digest at /v1/blobs/.",
  });
}

function modelNotFound(name: string): StoreError {
  return new StoreError(`no model ${name}`, {
    kind: "not-found",
    code: "ERR_STORE_MANIFEST_NOT_FOUND",
    detail: { ref: name },
  });
}
