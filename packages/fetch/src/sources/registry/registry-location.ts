import type { Digest } from "@store/layout";

/** A model in a registry, taken apart. */
export interface RegistryLocation {
  /** `https://host[:port]` of the registry's API. */
  readonly origin: string;
  /** The registry as users call it: `docker.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** The path below it: `org/model`. */
  readonly repository: string;
  /** `latest` if the location does not say; only a name where there is a digest. */
  readonly tag: string;
  readonly digest: Digest | undefined;
}

/** The URL of a blob; its digest needs no escape. */
export function blobUrl(origin: string, repository: string, digest: Digest): string {
  return `${origin}/v2/${repository}/blobs/${digest}`;
}

/** Registry and repository of a URL that `blobUrl` made. */
export function parseBlobUrl(
  url: string,
): { readonly origin: string; readonly repository: string } | undefined {
  const groups = /^(?<origin>https?:\/\/[^/]+)\/v2\/(?<repository>.+)\/blobs\/[^/]+$/.exec(
    url,
  )?.groups;
  return groups === undefined
    ? undefined
    : { origin: groups["origin"] ?? "", repository: groups["repository"] ?? "" };
}
