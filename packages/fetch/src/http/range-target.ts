import type { HttpResponse } from "./http-client.ts";
import { upstreamChanged, upstreamError } from "./http-errors.ts";
import { matchesValidator } from "./validator.ts";

/** A file as HTTP knows it. */
export interface RangeTarget {
  readonly url: string;
  /** For this URL's origin only: credentials. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Bytes, where known. */
  readonly size?: number | undefined;
  /** Enforced: an answer with another one is refused. */
  readonly validator?: string | undefined;
  /** Whether the file may be a web page. For all others one is an error page in disguise. */
  readonly mayBeHtml: boolean;
  /** Whether something else will tell a body that was cut: a digest. */
  readonly verifiable: boolean;
}

/**
 * What must hold for any body that is to be written.
 *
 * @throws StoreError `ERR_STORE_UPSTREAM_ERROR`, `ERR_STORE_UPSTREAM_CHANGED`
 */
export function checkBodyHeaders(response: HttpResponse, target: RangeTarget): void {
  const { url, status, headers } = response;
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "") {
    // `fetch` decodes such a body and then hides that it was cut.
    throw upstreamError(
      `the server encodes the body (${encoding.slice(0, 40)}), asked for as it is`,
      {
        url,
        status,
        transient: false,
      },
    );
  }
  const type = headers.get("content-type")?.trim().toLowerCase() ?? "";
  if (!target.mayBeHtml && /^(text\/html|application\/xhtml\+xml)\b/.test(type)) {
    throw upstreamError("the server answers with a web page", {
      url,
      status,
      transient: false,
      hint: "A login page, a proxy or an expired link may be in the way: open the URL in a browser.",
    });
  }
  if (target.validator !== undefined && !matchesValidator(headers, target.validator)) {
    const actual = headers.get("etag") ?? headers.get("last-modified");
    throw upstreamChanged(url, "its validator", { expected: target.validator, actual });
  }
}
