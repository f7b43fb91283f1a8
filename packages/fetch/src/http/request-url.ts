import { StoreError } from "@store/layout";

import { basicAuthorization } from "../credentials/credential.ts";
import { parseUrl, redactUrl } from "./redact-url.ts";

/**
 * Reads the URL of a request. Credentials in it become an `Authorization` header, which stays with
 * its origin; `fetch` would refuse them.
 *
 * @throws StoreError `ERR_STORE_LOCATION_UNKNOWN` for anything but http and https
 */
export function parseRequestUrl(text: string): {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
} {
  const url = parseUrl(text);
  if (url === undefined || !isHttp(url)) {
    throw new StoreError(`not an http or https URL: ${redactUrl(text)}`, {
      kind: "invalid",
      code: "ERR_STORE_LOCATION_UNKNOWN",
      hint: "Write it as https://host/path.",
      detail: { location: redactUrl(text) },
    });
  }
  url.hash = "";
  const user = userinfoOf(url);
  if (user === undefined) return { url, headers: {} };
  url.username = "";
  url.password = "";
  return { url, headers: { authorization: basicAuthorization(user.username, user.password) } };
}

/** The user and password in a URL, decoded; `undefined` if it has none. */
export function userinfoOf(
  url: URL,
): { readonly username: string; readonly password: string } | undefined {
  if (url.username === "" && url.password === "") return undefined;
  return { username: decodeUserinfo(url.username), password: decodeUserinfo(url.password) };
}

export function isHttp(url: URL): boolean {
  return url.protocol === "https:" || url.protocol === "http:";
}

/** A stray `%` is the user's own, not an escape. */
function decodeUserinfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The only error of the call: a malformed escape.
    return text;
  }
}
