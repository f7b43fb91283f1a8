import { isStoreError } from "@store/layout";

import { upstreamError } from "./http-errors.ts";

interface TlsProblem {
  /** Codes of Node's and OpenSSL's, for one problem. */
  readonly codes: RegExp;
  readonly what: string;
  readonly hint: string;
}

/** What will not be better a second later. The first that fits counts. */
const tlsProblems: readonly TlsProblem[] = [
  {
    codes: /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    what: "the server's certificate is not valid at this time",
    hint: "Check this machine's clock; otherwise its owner has to renew it.",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME/,
    what: "the server's certificate is for another host",
    hint: "Check the host's name: another server, or something on the way, is answering.",
  },
  {
    codes: /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|WRONG_PRINCIPAL/,
    what: "the server's certificate is not trusted",
    hint: "If its issuer is your own, make it known with --ca-file, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.",
  },
  {
    codes: /NO_APPLICATION_PROTOCOL/,
    what: "the server does not speak HTTP/1.1",
    hint: "Ask its owner for HTTP/1.1, which every other server speaks.",
  },
  {
    codes: /^ERR_SSL_|^ERR_TLS_|^EPROTO$/,
    what: "no secure connection is possible",
    hint: "Check the URL: the port may be one without TLS.",
  },
];

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
    if (typeof code === "string") reason = opensslCode(code, inner.message);
    else if (!plainErrors.has(inner.name)) reason ??= inner.name;
    inner = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
  }
  return reason;
}

/** A failure to write hides behind the system's code what OpenSSL says in the message. */
function opensslCode(code: string, message: string): string {
  const said =
    code === "EPROTO" ? /:SSL routines:[^:]*:([a-z0-9 ]+):/i.exec(message)?.[1] : undefined;
  return said === undefined ? code : `ERR_SSL_${said.toUpperCase().replaceAll(" ", "_")}`;
}

/**
 * Gives an error of a connection its meaning. One with no code of the system, of Node or OpenSSL is a
 * bug of ours or of an injected `fetch`, and comes back untouched.
 */
export function connectionError(error: unknown, url: URL): unknown {
  if (isStoreError(error)) return error;
  const reason = reasonOf(error);
  if (reason === undefined && !isFetchFailure(error)) return error;
  const told = { url, reason, cause: error };
  const tls = tlsProblems.find(({ codes }) => reason !== undefined && codes.test(reason));
  if (tls !== undefined) {
    const { what, hint } = tls;
    return upstreamError(`${what}: ${reason}`, { ...told, transient: false, hint });
  }
  const suffix = reason === undefined ? "" : `: ${reason}`;
  return upstreamError(`the connection failed${suffix}`, { ...told, transient: true });
}

/** `fetch` says everything with a `TypeError`; its messages for the network are these. */
function isFetchFailure(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|terminated|network/i.test(error.message);
}
