import { type AbortOptions, type ByteRange, digestHex } from "@store/layout";
import { MANIFEST_BYTES_MAX } from "@store/manifest";

import { readBody } from "../../http/read-body.ts";
import { redactUrl } from "../../http/redact-url.ts";
import type { FileOrigin, KnownFile, OpenedRange, SourceFile } from "../../source.ts";
import type { RegistryClient } from "./registry-client.ts";
import { registryError } from "./registry-error.ts";
import {
  blobUrl,
  manifestUrl,
  type RegistryLocation,
  type RegistryUrl,
} from "./registry-location.ts";

/**
 * A file that was pulled out of a repository, found again by its digest: no manifest is needed for
 * that. What has no path is the manifest itself, which registries keep apart from blobs.
 */
export function originFile(
  { origin, repository }: RegistryLocation,
  { path, revision }: FileOrigin,
  known: KnownFile,
): SourceFile | undefined {
  const { digest } = known;
  if (path !== undefined) return { ...known, path, url: blobUrl(origin, repository, digest) };
  if (revision !== digest) return undefined;
  const name = `sha256-${digestHex(digest)}`;
  return { ...known, path: name, url: manifestUrl(origin, repository, digest) };
}

/** Opens a range of a manifest, which comes in one piece. */
export async function openManifest(
  client: RegistryClient,
  wanted: RegistryUrl,
  range: ByteRange,
  options: AbortOptions & { readonly accept: readonly string[] },
): Promise<OpenedRange> {
  const response = await client.sendManifest(wanted, wanted.reference, options);
  if (response.status !== 200) {
    await response.body.drain();
    throw registryError(response, {
      location: redactUrl(response.url),
      missing: "file",
      authenticated: client.isPersonal(wanted),
    });
  }
  const bytes = await readBody(response, { bytesMax: MANIFEST_BYTES_MAX });
  const total = bytes.length;
  const end = Math.min(range.end, total);
  const start = Math.min(range.start, end);
  return { start, end, total, body: inOnePiece(bytes.subarray(start, end)) };
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
