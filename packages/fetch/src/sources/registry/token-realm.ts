import { StoreError } from "@store/layout";

import { parseUrl, redactUrl } from "../../http/redact-url.ts";
import type { TokenHosts } from "./registry-options.ts";

/** Registries whose tokens come from another host of the same owner. */
const knownHosts: Readonly<Record<string, readonly string[]>> = {
  "registry-1.docker.io": ["auth.docker.io"],
  "registry.gitlab.com": ["gitlab.com"],
};

/**
 * The token service a registry points to. It must be the registry itself or one that is known or
 * configured to work for it, and over https unless the registry itself is plain: anybody else would
 * collect credentials.
 *
 * @throws StoreError `ERR_STORE_POLICY_REFUSED`
 */
export function checkRealm(realm: string, registry: URL, tokenHosts: TokenHosts = () => []): URL {
  const url = parseUrl(realm);
  const { host } = registry;
  const allowed = [host, ...(knownHosts[host] ?? []), ...tokenHosts(host)];
  const isPlain = url?.protocol === "http:" && registry.protocol === "http:";
  const isFit =
    url !== undefined &&
    (url.protocol === "https:" || isPlain) &&
    url.username === "" &&
    url.password === "" &&
    allowed.includes(url.host);
  if (isFit) return url;
  throw new StoreError(`${host} sends for a token to ${redactUrl(realm)}, which is not its own`, {
    kind: "denied",
    code: "ERR_STORE_POLICY_REFUSED",
    hint: "If that service does issue its tokens, allow it with --token-host.",
    detail: { rule: "token-host", host, realm: redactUrl(realm) },
  });
}
