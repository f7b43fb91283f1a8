import { StoreError } from "@store/layout";

import { parseUrl, redactUrl } from "../redact-url.ts";
import { isHttp } from "../request-url.ts";
import { createProxyExceptions } from "./proxy-exceptions.ts";
import type { ProxyLookup } from "./proxy.ts";

/**
 * The proxies that an environment names, as curl reads it: `https_proxy`, `http_proxy`, `all_proxy`
 * and `no_proxy`, each also in upper case, lower case first. In a CGI program `HTTP_PROXY` is what a
 * client's `Proxy` header says, so there it counts for nothing.
 */
export function createProxyLookup(env: Readonly<Record<string, string | undefined>>): ProxyLookup {
  const read = (name: string): string | undefined =>
    env[name] ||
    (name === "http_proxy" && env["REQUEST_METHOD"] !== undefined
      ? undefined
      : env[name.toUpperCase()]) ||
    undefined;
  const isExcepted = createProxyExceptions(read("no_proxy") ?? "");
  return (url) => {
    const name = `${url.protocol.slice(0, -1)}_proxy`;
    const text = read(name) ?? read("all_proxy");
    return text === undefined || isExcepted(url) ? undefined : parseProxy(text, name);
  };
}

function parseProxy(text: string, name: string): URL {
  const url = parseUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== undefined && isHttp(url) && url.hostname !== "") return url;
  const shown = redactUrl(text);
  throw new StoreError(`${name} names no proxy that can be used: ${shown}`, {
    kind: "invalid",
    code: "ERR_STORE_PROXY_INVALID",
    hint: "Write it as http://host:port or https://host:port; SOCKS is not spoken. NO_PROXY names hosts to ask directly.",
    detail: { proxy: shown },
  });
}
