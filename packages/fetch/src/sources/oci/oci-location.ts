import { isDigest, StoreError } from "@store/layout";

import { redactUrl } from "../../http/redact-url.ts";
import type { RegistryLocation } from "../registry/registry-location.ts";

// Host and path as the OCI distribution specification (v1.1) has them.
const segment = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const shape = new RegExp(
  `^(?<host>[A-Za-z0-9.-]+(?::\\d{1,5})?)/(?<repository>${segment}(?:/${segment})*)` +
    `(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);
const REPOSITORY_CHARS_MAX = 255;

/** What can only be a host: it has a port, or a dot and letters at the end, or is this machine. */
const plainlyHost =
  /^(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}|[^/]*:\d{1,5})\//;

const dockerHosts: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
]);

/**
 * Reads a location in an OCI registry: `oci://host/repository`, with `:tag` or `@sha256:…`. `oci+http`
 * names a registry without TLS; `docker://` is skopeo's spelling; without a scheme the host must be
 * recognisable as one.
 *
 * @returns `undefined` for a location elsewhere
 * @throws StoreError `ERR_STORE_LOCATION_UNKNOWN` for one with a scheme of ours that cannot be read
 */
export function parseOciLocation(text: string): RegistryLocation | undefined {
  const scheme = /^(oci|oci\+http|docker):\/\//.exec(text)?.[1];
  if (scheme === undefined && !plainlyHost.test(text)) return undefined;
  const rest = scheme === undefined ? text : text.slice(scheme.length + "://".length);
  const groups = shape.exec(rest)?.groups;
  const repository = groups?.["repository"] ?? "";
  if (groups === undefined || repository.length > REPOSITORY_CHARS_MAX) {
    if (scheme === undefined) return undefined;
    throw notALocation(text);
  }
  const host = (groups["host"] ?? "").toLowerCase();
  const { tag = "latest", digest } = groups;
  const reference = { tag, digest: isDigest(digest) ? digest : undefined };
  if (dockerHosts.has(host)) {
    return {
      origin: "https://registry-1.docker.io",
      host: "docker.io",
      repository: repository.includes("/") ? repository : `library/${repository}`,
      ...reference,
    };
  }
  const origin = `${scheme === "oci+http" ? "http" : "https"}://${host}`;
  if (!URL.canParse(origin)) throw notALocation(text);
  return { origin, host, repository, ...reference };
}

function notALocation(text: string): StoreError {
  return new StoreError(`not a location in an OCI registry: ${redactUrl(text)}`, {
    kind: "invalid",
    code: "ERR_STORE_LOCATION_UNKNOWN",
    hint: "Write oci://host/repository:tag, or @sha256:… for one manifest. Repositories are in lower case.",
    detail: { location: redactUrl(text) },
  });
}
