import { type ByteRange, streamOf } from "@store/layout";

import type { OpenedRange } from "../source.ts";
import type { AnswerFields } from "./answer-fields.ts";
import { parseContentLength, parseContentRange } from "./content-range.ts";
import { exactBody } from "./exact-body.ts";
import type { HttpResponse } from "./http-client.ts";
import { rangeDenied, upstreamChanged, upstreamError } from "./http-errors.ts";
import type { RangeTarget } from "./range-target.ts";
import { strongValidator } from "./validator.ts";

/** A 200: everything, whatever was asked. */
export function readWhole(response: HttpResponse, target: RangeTarget): OpenedRange {
  const { url, headers } = response;
  const total = parseContentLength(headers.get("content-length"));
  checkTotal(response, target, total);
  const end = total ?? target.size ?? Infinity;
  if (end === Infinity && !target.verifiable && !isChunked(headers)) {
    // The end of such a body looks the same as a broken connection.
    throw upstreamError("the server does not say how long the file is", {
      url,
      status: response.status,
      transient: false,
      hint: "Give the digest of the file, so that its end can be checked.",
    });
  }
  return {
    start: 0,
    end,
    total: total ?? target.size,
    validator: strongValidator(headers),
    body: exactBody(response.body, end, url),
  };
}

/**
 * A 206, taken only if it carries exactly what was asked for: same start, same total, and no more
 * than asked. Less is legal; the rest is asked for again.
 */
export function readPartial(
  response: HttpResponse,
  target: RangeTarget,
  asked: ByteRange,
): OpenedRange {
  const { url, headers } = response;
  const text = headers.get("content-range");
  const type = headers.get("content-type") ?? "";
  // Several parts, each below a head of its own: none of that may get into a file.
  if (/^\s*multipart\/byteranges\b/i.test(type)) throw wrongRange(response, asked, type);
  const { range, total } = parseContentRange(text) ?? {};
  if (
    range === undefined ||
    total === undefined ||
    range.start !== asked.start ||
    range.end > asked.end
  ) {
    throw wrongRange(response, asked, text);
  }
  checkTotal(response, target, total);
  const length = parseContentLength(headers.get("content-length"));
  if (length !== undefined && length !== range.end - range.start) {
    throw wrongRange(response, asked, `${text ?? ""}, ${length} bytes`);
  }
  return {
    ...range,
    total,
    validator: strongValidator(headers),
    body: exactBody(response.body, range.end - range.start, url),
  };
}

/**
 * A 416. Behind the end of a file whose size nobody knew it says that nothing is missing. Within a
 * file of that size it comes from a server that has no parts, and the file may still be read in
 * order; otherwise the file is not what it was.
 *
 * @param asked `undefined` where the whole was asked for
 */
export function readUnsatisfied(
  response: HttpResponse,
  target: RangeTarget,
  asked: ByteRange | undefined,
): OpenedRange {
  const { url, status, headers } = response;
  const start = asked?.start ?? 0;
  const total = parseContentRange(headers.get("content-range"))?.total;
  if (total !== undefined && total === start && (target.size ?? total) === total) {
    void response.body.close();
    return { start: total, end: total, total, body: streamOf(new Uint8Array(0)) };
  }
  checkTotal(response, target, total);
  if (asked !== undefined) throw rangeDenied(url, start);
  throw upstreamError("the server denies a part where the whole was asked for", {
    url,
    status,
    transient: true,
  });
}

function checkTotal(response: HttpResponse, target: RangeTarget, total: number | undefined): void {
  if (target.size === undefined || total === undefined || total === target.size) return;
  throw upstreamChanged(response.url, "its size", { expected: target.size, actual: total });
}

function wrongRange(response: HttpResponse, asked: ByteRange, actual: string | null): Error {
  const end = asked.end === Infinity ? "" : asked.end - 1;
  return upstreamError(
    `the server answers with other bytes (${actual?.slice(0, 100) ?? "no Content-Range"}) than asked for, ${asked.start}-${end}`,
    { url: response.url, status: response.status, transient: true },
  );
}

/** HTTP/1.1 marks the end of a chunked body, so that a cut one is noticed. */
function isChunked(headers: AnswerFields): boolean {
  return headers.get("transfer-encoding")?.trim().toLowerCase() === "chunked";
}
