import { StoreError } from "@store/layout";

import { errorResponse, type ErrorResponseOptions } from "./error-response.ts";

/** The names this machine has for itself. Not `localhost.`, not `127.1`: clients do not write them. */
const OWN_HOSTS: readonly string[] = ["127.0.0.1", "[::1]", "localhost"];

const READING: readonly string[] = ["GET", "HEAD"];
const CHANGING: readonly string[] = ["POST", "PUT", "DELETE"];

export interface GuardOptions {
  /** Whether the daemon was started to let clients change something. */
  readonly allowChanges?: boolean;
}

/**
 * Decides on a request before anything looks at its path: the answer that refuses it, or
 * `undefined`.
 *
 * A page in the user's browser can reach every port of the machine. Under a name of its own that it
 * points here (DNS rebinding) it fails at `Host`; under ours it fails at what browsers add to
 * requests of another site's pages (`Origin`, `Sec-Fetch-Site`).
 *
 * @param port the one the request arrived at
 */
export function guardRequest(
  request: Request,
  port: number,
  { allowChanges = false }: GuardOptions = {},
): Response | undefined {
  const { headers, method } = request;
  if (!isOwnAuthority(headers.get("host"), port) || !isOwnTarget(request.url, port)) {
    return refuse("ERR_STORE_HOST_REFUSED", "denied", "the request is addressed to another host", {
      hint: "Address the daemon as 127.0.0.1, [::1] or localhost, with its port.",
    });
  }
  if (!isOwnOrigin(headers.get("origin"), port) || !isOwnSite(headers.get("sec-fetch-site"))) {
    return refuse("ERR_STORE_ORIGIN_REFUSED", "denied", "pages of other sites get no answers");
  }
  const methods = allowChanges ? [...READING, ...CHANGING] : READING;
  if (!methods.includes(method)) {
    return refuse("ERR_STORE_METHOD_REFUSED", "invalid", `answered are ${methods.join(", ")}`, {
      status: 405,
      headers: { allow: methods.join(", ") },
      ...(CHANGING.includes(method)
        ? { hint: "A daemon started with --allow-changes sweeps and pins for its clients." }
        : {}),
    });
  }
  if (headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0") {
    return refuse("ERR_STORE_BODY_REFUSED", "invalid", "a request must not have a body");
  }
  return undefined;
}

/** Two `Host` fields arrive joined by a comma and are no authority of ours. */
function isOwnAuthority(authority: string | null, port: number): boolean {
  const written = authority?.toLowerCase();
  return OWN_HOSTS.some(
    (host) => written === `${host}:${port}` || (port === 80 && written === host),
  );
}

/** The URL says where the request was sent if its target was written in absolute form. */
function isOwnTarget(url: string, port: number): boolean {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  return (
    target !== undefined &&
    target.protocol === "http:" &&
    target.username === "" &&
    target.password === "" &&
    OWN_HOSTS.includes(target.hostname) &&
    Number(target.port || 80) === port
  );
}

function isOwnOrigin(origin: string | null, port: number): boolean {
  if (origin === null) return true;
  return origin.startsWith("http://") && isOwnAuthority(origin.slice("http://".length), port);
}

/** `none`: the user typed the address. A page on another port of this machine is `same-site`. */
function isOwnSite(site: string | null): boolean {
  return site === null || site === "none" || site === "same-origin";
}

function refuse(
  code: `ERR_STORE_${string}`,
  kind: "denied" | "invalid",
  message: string,
  options: ErrorResponseOptions & { readonly hint?: string } = {},
): Response {
  const { hint, ...rest } = options;
  return errorResponse(new StoreError(message, { kind, code, hint }).toJSON(), rest);
}
