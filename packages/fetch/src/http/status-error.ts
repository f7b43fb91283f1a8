import type { StoreError } from "@store/layout";

import type { HttpResponse } from "./http-client.ts";
import {
  authRefused,
  authRequired,
  modelNotFound,
  rateLimited,
  upstreamError,
} from "./http-errors.ts";
import { redactUrl } from "./redact-url.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Statuses that pass: timeouts, overload, a server that is being replaced. */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Whether the same request may be answered otherwise a little later. */
export function isPassing(status: number): boolean {
  return transientStatuses.has(status);
}

export interface StatusContext {
  /** Whether the request carried credentials for the server that answered. */
  readonly authenticated: boolean;
}

/** The error that a status nobody asked for stands for. The body is left to the caller. */
export function statusError(response: HttpResponse, context: StatusContext): StoreError {
  const { status, url, headers } = response;
  switch (status) {
    case 401:
      return context.authenticated
        ? authRefused(url, {
            gated: false,
            message: "the server refuses the credentials",
            hint: "Check the token, and whether it has expired.",
          })
        : authRequired(url, {
            gated: false,
            message: "the server wants credentials",
            hint: "Give a token or credentials for this server.",
          });
    case 403:
      return authRefused(url, {
        gated: false,
        message: "the server refuses access",
        hint: "Ask for access, or use credentials that have it.",
      });
    case 404:
    case 410:
      return modelNotFound(redactUrl(url), "file");
    case 429:
      return rateLimited(url, retryAfterMs(headers));
    default:
      return upstreamError(`the server answers with status ${status}`, {
        url,
        status,
        transient: isPassing(status),
        retryAfterMs: retryAfterMs(headers),
      });
  }
}
