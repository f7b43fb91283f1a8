import { isStoreError, StoreError } from "@store/layout";

import { redactUrl } from "./redact-url.ts";

export interface UpstreamFault {
  readonly url: string | URL;
  readonly status?: number | undefined;
  /** The system's or the HTTP engine's name of what went wrong: `ECONNRESET`, `UND_ERR_SOCKET`. */
  readonly reason?: string | undefined;
  /** Whether the same request may succeed when it is sent again. */
  readonly transient: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

function detailOf(fault: UpstreamFault): Record<string, unknown> {
  const { status, reason, retryAfterMs, transient } = fault;
  return {
    url: redactUrl(fault.url),
    transient,
    ...(status === undefined ? {} : { status }),
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The server, or something on the way to it, did not do its part. */
export function upstreamError(message: string, fault: UpstreamFault): StoreError {
  return new StoreError(`${redactUrl(fault.url)}: ${message}`, {
    kind: "unavailable",
    code: "ERR_STORE_UPSTREAM_ERROR",
    hint:
      fault.hint ??
      (fault.transient ? "Run the command again; verified bytes were kept." : undefined),
    detail: detailOf(fault),
    cause: fault.cause,
  });
}

export function upstreamTimeout(message: string, url: string | URL): StoreError {
  return new StoreError(`${redactUrl(url)}: ${message}`, {
    kind: "unavailable",
    code: "ERR_STORE_UPSTREAM_TIMEOUT",
    hint: "Run the command again; verified bytes were kept.",
    detail: { url: redactUrl(url), transient: true },
  });
}

export function rateLimited(url: string | URL, retryAfterMs: number | undefined): StoreError {
  const wait =
    retryAfterMs === undefined ? "" : ` for ${Math.ceil(retryAfterMs / 1000)} more seconds`;
  return new StoreError(`${redactUrl(url)}: the server takes no more requests from us${wait}`, {
    kind: "unavailable",
    code: "ERR_STORE_RATE_LIMITED",
    hint: "Wait, then run the command again; verified bytes were kept. A token often raises the limit.",
    detail: {
      url: redactUrl(url),
      status: 429,
      transient: true,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

export function offline(url: string | URL): StoreError {
  return new StoreError(`not allowed to use the network: ${redactUrl(url)}`, {
    kind: "unavailable",
    code: "ERR_STORE_OFFLINE",
    hint: "Run it without --offline.",
    detail: { location: redactUrl(url) },
  });
}

/** What is there now is not what was there when the location was resolved. */
export function upstreamChanged(
  url: string | URL,
  what: string,
  values: { readonly expected: unknown; readonly actual: unknown },
): StoreError {
  return new StoreError(
    `${redactUrl(url)}: ${what} is ${String(values.actual)}, expected ${String(values.expected)}; the file changed meanwhile`,
    {
      kind: "unavailable",
      code: "ERR_STORE_UPSTREAM_CHANGED",
      hint: "Run the command again to fetch what is there now.",
      detail: { url: redactUrl(url), ...values },
    },
  );
}

/** The bytes are not those the source promised, by git's own hash. */
export function upstreamMismatch(
  url: string,
  values: {
    readonly expected: string;
    readonly actual: string;
    readonly quarantinePath?: string | undefined;
  },
): StoreError {
  return new StoreError(
    `${redactUrl(url)}: the bytes have git blob hash ${values.actual}, expected ${values.expected}`,
    {
      kind: "corrupt",
      code: "ERR_STORE_BLOB_DIGEST_MISMATCH",
      hint: "Run the command again; if it stays so, the source serves other bytes than it lists.",
      detail: { url: redactUrl(url), ...values },
    },
  );
}

/** The server answers a request for a part with the whole. */
export function rangeIgnored(what: string, expected: number, actual: number): StoreError {
  return new StoreError(`${what}: asked from byte ${expected}, the source answers from ${actual}`, {
    kind: "unavailable",
    code: "ERR_STORE_RANGE_IGNORED",
    detail: { url: what, expected, actual },
  });
}

/** The server answers a request for a part of a file with "no such part". */
export function rangeDenied(url: string | URL, expected: number): StoreError {
  return new StoreError(`${redactUrl(url)}: the server has no bytes from ${expected}`, {
    kind: "unavailable",
    code: "ERR_STORE_RANGE_IGNORED",
    hint: "This server gives no parts of the file; pull it whole, or from another source.",
    detail: { url: redactUrl(url), expected },
  });
}

/** Whether the file may still be had by reading it in order, from its first byte. */
export function isRangeIgnored(error: unknown): boolean {
  return isStoreError(error, "ERR_STORE_RANGE_IGNORED");
}

export function modelNotFound(
  location: string,
  missing: "model" | "revision" | "file",
  options: { readonly message?: string; readonly hint?: string | undefined } = {},
): StoreError {
  return new StoreError(options.message ?? `no ${missing} at ${location}`, {
    kind: "not-found",
    code: "ERR_STORE_MODEL_NOT_FOUND",
    hint: options.hint,
    detail: { location, missing },
  });
}

export function authRequired(
  url: string | URL,
  options: { readonly gated: boolean; readonly message: string; readonly hint: string },
): StoreError {
  return authError("ERR_STORE_AUTH_REQUIRED", url, options);
}

export function authRefused(
  url: string | URL,
  options: { readonly gated: boolean; readonly message: string; readonly hint: string },
): StoreError {
  return authError("ERR_STORE_AUTH_REFUSED", url, options);
}

function authError(
  code: "ERR_STORE_AUTH_REQUIRED" | "ERR_STORE_AUTH_REFUSED",
  url: string | URL,
  options: { readonly gated: boolean; readonly message: string; readonly hint: string },
): StoreError {
  return new StoreError(`${redactUrl(url)}: ${options.message}`, {
    kind: "denied",
    code,
    hint: options.hint,
    detail: { host: new URL(url).host, gated: options.gated },
  });
}
