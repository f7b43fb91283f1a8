import { type ByteRange, type Digest, digestHex } from "@store/layout";

import { entityTag } from "../http/entity-tag.ts";
import { SAFETY_HEADERS } from "../http/json-response.ts";

/** The longest that caches keep anything: the bytes of a digest never change. */
const CACHE_CONTROL = "private, max-age=31536000, immutable";

/** Fields that say which blob this is, whatever part of it follows. */
export function identityHeaders(digest: Digest): Record<string, string> {
  return {
    ...SAFETY_HEADERS,
    etag: entityTag(digest),
    "accept-ranges": "bytes",
    "cache-control": CACHE_CONTROL,
  };
}

/** The fields of a 200, or of a 206 if a range is given. */
export function contentHeaders(
  digest: Digest,
  size: number,
  range?: ByteRange,
): Record<string, string> {
  const { start, end } = range ?? { start: 0, end: size };
  return {
    ...identityHeaders(digest),
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="sha256-${digestHex(digest)}"`,
    "content-length": String(end - start),
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${size}` }),
  };
}
