import type { StoreError } from "@store/layout";

import type { HttpResponse } from "./http-client.ts";
import { upstreamError } from "./http-errors.ts";
import { isHttp } from "./request-url.ts";

/** The hub needs two or three; more than ten is a loop. */
export const REDIRECTS_MAX = 10;

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Headers that say what is asked and nothing about who asks. Everything else, a token or a custom
 * header alike, is for the origin it was given for.
 */
const travelling: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "if-range",
  "range",
  "user-agent",
]);

/** Headers that may go to another origin. */
export function travellingHeaders(
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => travelling.has(name.toLowerCase())),
  );
}

/**
 * Where a redirect leads and what may be sent there; `undefined` if the answer is no redirect.
 *
 * Once dropped, credentials stay dropped for the rest of the chain: a foreign server that sends us
 * back must not choose what we ask for with our token.
 *
 * @throws StoreError `ERR_STORE_UPSTREAM_ERROR` for a redirect that must not be followed
 */
export function nextHop(
  response: HttpResponse,
  headers: Record<string, string>,
): { readonly url: URL; readonly headers: Record<string, string> } | undefined {
  const location = response.headers.get("location");
  if (location === null || !redirectStatuses.has(response.status)) return undefined;
  const from = response.url;
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (url === undefined || !isHttp(url)) {
    throw refused(response, "redirects to something that is not an http or https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw refused(response, "redirects to a URL with credentials in it");
  }
  if (from.protocol === "https:" && url.protocol === "http:") {
    throw refused(response, "redirects from https to http");
  }
  url.hash = "";
  return { url, headers: url.origin === from.origin ? headers : travellingHeaders(headers) };
}

function refused(response: HttpResponse, what: string): StoreError {
  void response.body.close();
  return upstreamError(what, { url: response.url, status: response.status, transient: false });
}

/** What a POST carries, a refresh token, is for the one who was asked. */
export function redirectedPost(response: HttpResponse): StoreError {
  return refused(response, "redirects a request that must not be redirected");
}

export function tooManyRedirects(url: URL): StoreError {
  return upstreamError(`more than ${REDIRECTS_MAX} redirects`, { url, transient: false });
}
