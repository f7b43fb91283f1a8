import { digestFromHex } from "@store/layout";

import type { AnswerFields } from "../../http/answer-fields.ts";
import { parseContentLength, parseContentRange } from "../../http/content-range.ts";
import type { HttpResponse } from "../../http/http-client.ts";
import { strongValidator } from "../../http/validator.ts";
import type { SourceFile } from "../../source.ts";

/**
 * What the answer to a request for the first byte says about the file; `undefined` if it is no
 * answer about a file.
 */
export function readProbe({
  status,
  headers,
}: HttpResponse): Pick<SourceFile, "size" | "digest" | "validator"> | undefined {
  const range = parseContentRange(headers.get("content-range"));
  const about = { digest: contentDigest(headers), validator: strongValidator(headers) };
  if (status === 206) return { ...about, size: range?.total };
  if (status === 200) return { ...about, size: parseContentLength(headers.get("content-length")) };
  // An empty file has no first byte.
  if (status === 416 && range?.total === 0) return { ...about, size: 0 };
  return undefined;
}

/** RFC 9530: the SHA-256 of the whole, whatever range was asked for. */
function contentDigest(headers: AnswerFields): SourceFile["digest"] {
  const value = /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(headers.get("repr-digest") ?? "");
  return value?.[1] === undefined
    ? undefined
    : digestFromHex(Buffer.from(value[1], "base64").toString("hex"));
}
