import { isStoreError } from "@store/layout";

import { upstreamError } from "./http-errors.ts";

/** OpenSSL's names of a certificate that will not be better a second later. */
const certificate =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|WRONG_PRINCIPAL/;

const plainErrors: ReadonlySet<string> = new Set(["Error", "TypeError", "AggregateError"]);

/**
 * The innermost `code` of an error of `fetch`, which wraps the real one in a `TypeError`; the name
 * of its class where it has no code.
 */
function reasonOf(error: unknown): string | undefined {
  let reason: string | undefined;
  let inner: unknown = error;
  for (let depth = 0; depth < 5 && inner instanceof Error; depth++) {
    const { code } = inner as NodeJS.ErrnoException;
    if (typeof code === "string") reason = code;
    else if (!plainErrors.has(inner.name)) reason ??= inner.name;
    inner = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
  }
  return reason;
}

/**
 * Gives an error of `fetch` its meaning. An error with no system code is a bug of ours or of an
 * injected `fetch`, and comes back untouched.
 */
export function connectionError(error: unknown, url: URL): unknown {
  if (isStoreError(error)) return error;
  const reason = reasonOf(error);
  if (reason === undefined && !isFetchFailure(error)) return error;
  const isCertificate = reason !== undefined && certificate.test(reason);
  return upstreamError(
    isCertificate
      ? `the server's certificate is not trusted: ${reason}`
      : `the connection failed${reason === undefined ? "" : `: ${reason}`}`,
    {
      url,
      reason,
      transient: !isCertificate,
      cause: error,
      hint: isCertificate
        ? "Make the issuer known with NODE_EXTRA_CA_CERTS, if it is your own."
        : undefined,
    },
  );
}

/** `fetch` says everything with a `TypeError`; its messages for the network are these. */
function isFetchFailure(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|terminated|network/i.test(error.message);
}
