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

/** The URL of a manifest. */
export function manifestUrl(origin: string, repository: string, reference: string): string {
  return `${origin}/v2/${repository}/manifests/${reference}`;
}

/** What a URL of a registry's API leads to. */
export interface RegistryUrl {
  readonly origin: string;
  readonly repository: string;
  readonly kind: "blobs" | "manifests";
  readonly reference: string;
}

/** Takes a URL apart that `blobUrl` or `manifestUrl` made. */
export function parseRegistryUrl(url: string): RegistryUrl | undefined {
  const [, origin, repository, kind, reference] =
    /^(https?:\/\/[^/]+)\/v2\/(.+)\/(blobs|manifests)\/([^/]+)$/.exec(url) ?? [];
  if (origin === undefined || repository === undefined || reference === undefined) return undefined;
  return { origin, repository, kind: kind === "blobs" ? "blobs" : "manifests", reference };
}
