import { type ByteRange, type Digest, parseDigest, StoreError } from "@store/layout";

import { openBody } from "../http/blob-body.ts";
import { parseRange } from "../http/byte-range.ts";
import { allowsRange, entityTag, listsTag } from "../http/entity-tag.ts";
import { errorResponse } from "../http/error-response.ts";
import { describeError } from "../log.ts";
import { contentHeaders, identityHeaders } from "./blob-headers.ts";
import type { RouteContext } from "./route-context.ts";

/**
 * `GET` and `HEAD /v1/blobs/:digest`: the bytes of a blob, or one range of them.
 *
 * The size is known and the bytes are proven before the status is sent. Preconditions come after
 * that, because they only matter to a request that would succeed (RFC 9110, section 13.2.1).
 */
export async function answerBlob(text: string, context: RouteContext): Promise<Response> {
  const { request, prover } = context;
  const digest = parseDigest(text);
  const info = await prover.find(digest, { signal: request.signal });
  if (info === undefined) throw blobNotFound(digest);
  const { size } = info;
  const tag = entityTag(digest);
  const field = (name: string): string | null => request.headers.get(name);

  const ifMatch = field("if-match");
  if (ifMatch !== null && !listsTag(ifMatch, tag, "strong")) return preconditionFailed();
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== null && listsTag(ifNoneMatch, tag, "weak")) {
    return new Response(null, { status: 304, headers: identityHeaders(digest) });
  }
  // HEAD has no ranges: RFC 9110, section 14.2, defines them for GET alone.
  if (request.method === "HEAD") {
    return new Response(null, { status: 200, headers: contentHeaders(digest, size) });
  }
  const asked = allowsRange(field("if-range"), tag) ? parseRange(field("range"), size) : "whole";
  if (asked === "unsatisfiable") return unsatisfiable(size);
  const range = asked === "whole" ? { start: 0, end: size } : asked;
  return new Response(await openRange(digest, range, context), {
    status: asked === "whole" ? 200 : 206,
    headers: contentHeaders(digest, size, asked === "whole" ? undefined : asked),
  });
}

/** The body of a range; `null` where there is nothing to read. */
async function openRange(
  digest: Digest,
  range: ByteRange,
  context: RouteContext,
): Promise<ReadableStream<Uint8Array> | null> {
  const { request, blobs, log, cut } = context;
  const { signal } = request;
  if (range.start === range.end) return null;
  return openBody(blobs.read(digest, { ...range, signal }), range.end - range.start, {
    onFailure(error) {
      // A client that went away is no failure.
      if (!signal.aborted) log({ event: "blob-cut", digest, error: describeError(error) });
    },
    cut,
  });
}

function blobNotFound(digest: Digest): StoreError {
  return new StoreError(`no blob ${digest}`, {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    hint: "Pull the model that names it.",
    detail: { digest },
  });
}

function preconditionFailed(): Response {
  const error = new StoreError("the blob has another entity tag than the request requires", {
    kind: "conflict",
    code: "ERR_STORE_PRECONDITION_FAILED",
  });
  return errorResponse(error.toJSON(), { status: 412 });
}

function unsatisfiable(size: number): Response {
  const error = new StoreError(`the range lies outside the ${size} bytes of the blob`, {
    kind: "invalid",
    code: "ERR_STORE_RANGE_UNSATISFIABLE",
    detail: { size },
  });
  return errorResponse(error.toJSON(), {
    status: 416,
    headers: { "content-range": `bytes */${size}`, "accept-ranges": "bytes" },
  });
}
