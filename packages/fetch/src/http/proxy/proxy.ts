import { StoreError } from "@store/layout";

import { basicAuthorization } from "../../credentials/credential.ts";
import { upstreamError } from "../http-errors.ts";
import { redactUrl } from "../redact-url.ts";
import { userinfoOf } from "../request-url.ts";
import { isPassing } from "../status-error.ts";

/**
 * The proxy that a request for a URL goes through, with its credentials in it; `undefined` for none.
 *
 * @throws StoreError `ERR_STORE_PROXY_INVALID`
 */
export type ProxyLookup = (url: URL) => URL | undefined;

/** What proves to a proxy who asks. It is sent to the proxy alone. */
export function proxyAuthorization(proxy: URL): Readonly<Record<string, string>> {
  const user = userinfoOf(proxy);
  return user === undefined
    ? {}
    : { "proxy-authorization": basicAuthorization(user.username, user.password) };
}

/** What a proxy's refusal to pass a request on stands for. */
export function proxyRefusal(proxy: URL, status: number): StoreError {
  // Some say 401 for the wrong ones; in the answer to CONNECT it can mean nothing else.
  if (status !== 407 && status !== 401) {
    return upstreamError(`the proxy opens no tunnel; it answers with status ${status}`, {
      url: proxy,
      status,
      transient: isPassing(status),
      hint: "Check whether the proxy lets this host pass, or except it with NO_PROXY.",
    });
  }
  const isKnown = userinfoOf(proxy) !== undefined;
  return new StoreError(
    `${redactUrl(proxy)}: the proxy ${isKnown ? "refuses the credentials" : "wants credentials"}`,
    {
      kind: "denied",
      code: "ERR_STORE_PROXY_AUTH_REQUIRED",
      hint: isKnown
        ? "Check the user and password in the proxy's URL."
        : "Write them into the proxy's URL: HTTPS_PROXY=http://user:password@host:port.",
      detail: { proxy: redactUrl(proxy), status },
    },
  );
}
