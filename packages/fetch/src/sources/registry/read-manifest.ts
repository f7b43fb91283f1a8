import { type Digest, digestBytes, isDigest, StoreError } from "@store/layout";
import {
  decodeManifest,
  type ImageManifest,
  MANIFEST_BYTES_MAX,
  type Document,
} from "@store/manifest";

import type { HttpResponse } from "../../http/http-client.ts";
import { upstreamError } from "../../http/http-errors.ts";
import { readBody } from "../../http/read-body.ts";
import { redactUrl } from "../../http/redact-url.ts";
import type { ResolveOptions } from "../../source.ts";
import { chooseManifest } from "./choose-manifest.ts";
import type { RegistryClient } from "./registry-client.ts";
import { registryError } from "./registry-error.ts";
import type { RegistryLocation } from "./registry-location.ts";

/** The manifest of a model, as the registry has it. */
export interface ReadManifest {
  readonly document: ImageManifest;
  /** The very bytes, which are what the digest is of. */
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

export interface ReadManifestOptions extends ResolveOptions {
  readonly accept: readonly string[];
  /** `os/architecture`: which entry of an index is meant, where it has several. */
  readonly platform?: string | undefined;
}

/** An index in an index in an index leads nowhere. */
const INDEX_DEPTH_MAX = 3;

/**
 * Reads the manifest a location means, through an index if there is one. What is asked for by its
 * digest must have it; what is asked for by its tag must have the one the registry gives it.
 *
 * @throws StoreError `ERR_STORE_MODEL_NOT_FOUND`, `ERR_STORE_AUTH_REQUIRED`,
 * `ERR_STORE_LOCATION_AMBIGUOUS`, `ERR_STORE_MANIFEST_INVALID`, `ERR_STORE_BLOB_DIGEST_MISMATCH`
 */
export async function readManifest(
  client: RegistryClient,
  location: RegistryLocation,
  options: ReadManifestOptions,
): Promise<ReadManifest> {
  let reference: string = location.digest ?? location.tag;
  for (let depth = 0; depth <= INDEX_DEPTH_MAX; depth += 1) {
    const { document, bytes, digest } = await readOne(client, location, reference, options);
    if (document.kind === "image") return { document, bytes, digest };
    if (document.kind === "v1") throw noModel(location, "a document that is no manifest");
    reference = chooseManifest(document, { what: nameOf(location), platform: options.platform });
  }
  throw noModel(location, `indexes more than ${INDEX_DEPTH_MAX} levels deep`);
}

function readOne(
  client: RegistryClient,
  location: RegistryLocation,
  reference: string,
  { accept, signal, quarantine }: ReadManifestOptions,
): Promise<{ document: Document; bytes: Uint8Array; digest: Digest }> {
  return client.http.retrying(
    async () => {
      const response = await client.sendManifest(location, reference, { accept, signal });
      if (response.status !== 200) {
        await response.body.drain();
        throw registryError(response, {
          location: nameOf(location),
          missing: "model",
          authenticated: client.isPersonal(location),
        });
      }
      const bytes = await readBody(response, { bytesMax: MANIFEST_BYTES_MAX });
      const digest = digestBytes(bytes);
      const expected = contradicted(response, reference, digest);
      if (expected !== undefined) {
        const origin = nameOf(location);
        const why = { reason: "digest-mismatch", expected, actual: digest, origin };
        throw wrongManifest(response, why, await quarantine?.(bytes, why));
      }
      const document = decodeManifest(bytes, { path: redactUrl(response.url) });
      return { document, bytes, digest };
    },
    { signal },
  );
}

/** The digest that was asked for, or that the registry says, where the bytes have another. */
function contradicted(
  response: HttpResponse,
  reference: string,
  actual: Digest,
): Digest | undefined {
  const header = response.headers.get("docker-content-digest")?.trim();
  return [reference, header].filter(isDigest).find((promised) => promised !== actual);
}

function wrongManifest(
  { url }: HttpResponse,
  { expected, actual }: { readonly expected: Digest; readonly actual: Digest },
  quarantinePath: string | undefined,
): StoreError {
  return new StoreError(`${redactUrl(url)}: the manifest has ${actual}, expected ${expected}`, {
    kind: "corrupt",
    code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
    hint: "Run the command again; if it stays so, the registry or a proxy changes what it serves.",
    detail: { url: redactUrl(url), expected, actual, quarantinePath },
  });
}

function noModel(location: RegistryLocation, what: string): StoreError {
  return upstreamError(`${nameOf(location)} leads to ${what}`, {
    url: location.origin,
    transient: false,
  });
}

/** `ghcr.io/org/model:latest`, or with `@` and the digest. */
export function nameOf({ host, repository, tag, digest }: RegistryLocation): string {
  return `${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}
