import type { ManifestJson } from "../document/manifest-json.ts";

/** Documents of this form have about 500 characters; larger ones are not worth reading twice. */
const PLAIN_LENGTH_MAX = 4_096;

/** A JSON string without escapes. */
const TEXT = String.raw`"([^"\\\x00-\x1f]*)"`;

/** The fields in their order, the spaces, and the last newline are always the same. */
const PLAIN = new RegExp(
  String.raw`^\{
  "schema_version": 1,
  "name": ${TEXT},
  "format": ${TEXT},
  "blob": ${TEXT},
  "size_bytes": (0|[1-9][0-9]{0,15}),
  "license": (?:null|${TEXT}),
  "source": \{
    "registry": ${TEXT},
    "repo": ${TEXT},
    "revision": ${TEXT},
    "filename": ${TEXT}
  \},
  "produced_by": ${TEXT},
  "produced_at": ${TEXT}
\}
$`,
);

/**
 * Reads what inferd and this package write, which is nearly every v1 manifest there is, at the
 * speed of the platform's own parser. Anything else is `undefined`, and then the strict parser
 * decides.
 *
 * Such a text is strict JSON, names no key twice and has nothing that a rewrite would have to keep;
 * without escapes it holds no half of a surrogate pair.
 */
export function parsePlainV1(text: string): ManifestJson | undefined {
  if (text.length > PLAIN_LENGTH_MAX) return undefined;
  const fields = PLAIN.exec(text);
  if (fields === null) return undefined;
  const [, name = "", format = "", blob = "", digits = "", license = null, ...rest] = fields;
  const [
    registry = "",
    repo = "",
    revision = "",
    filename = "",
    produced_by = "",
    produced_at = "",
  ] = rest;
  const size_bytes = Number(digits);
  if (!Number.isSafeInteger(size_bytes)) return undefined;
  return {
    root: {
      schema_version: 1,
      name,
      format,
      blob,
      size_bytes,
      license,
      source: { registry, repo, revision, filename },
      produced_by,
      produced_at,
    },
    unknownMembers: () => undefined,
  };
}
