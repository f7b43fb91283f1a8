import type { ExtraField, V1Manifest } from "./v1-manifest.ts";

/**
 * The bytes inferd writes for a manifest: `serde_json`'s pretty form with two spaces, the fields in
 * the order of the convention, a final newline. Unknown fields follow in their original order, as
 * the text they were read as.
 */
export function encodeV1(manifest: V1Manifest): Uint8Array {
  const { source } = manifest;
  const sourceJson = formatObject(
    [
      ["registry", formatString(source.registry)],
      ["repo", formatString(source.repo)],
      ["revision", formatString(source.revision)],
      ["filename", formatString(source.filename)],
      ...formatExtra(source.extra),
    ],
    "  ",
  );
  const text = formatObject(
    [
      ["schema_version", "1"],
      ["name", formatString(manifest.name)],
      ["format", formatString(manifest.format)],
      ["blob", formatString(manifest.blob)],
      ["size_bytes", String(manifest.size)],
      ["license", manifest.license === undefined ? "null" : formatString(manifest.license)],
      ["source", sourceJson],
      ["produced_by", formatString(manifest.producedBy)],
      ["produced_at", formatString(manifest.producedAt)],
      ...formatExtra(manifest.extra),
    ],
    "",
  );
  return new TextEncoder().encode(`${text}\n`);
}

type Member = readonly [key: string, json: string];

function formatExtra(extra: readonly ExtraField[] = []): readonly Member[] {
  return extra.map(({ key, json }) => [key, json]);
}

function formatObject(members: readonly Member[], indent: string): string {
  const lines = members.map(([key, json]) => `${indent}  ${formatString(key)}: ${json}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/**
 * A string as `serde_json` writes it. `JSON.stringify` escapes exactly the same characters in the
 * same forms (`"`, `\`, and below U+0020 the short forms or `\u00xx` in lower case; nothing else,
 * so U+007F and U+2028 stay as they are), except for half a surrogate pair, which Rust's strings
 * cannot hold: it becomes U+FFFD.
 */
function formatString(text: string): string {
  return JSON.stringify(text.replaceAll(/\p{Surrogate}/gu, "\u{fffd}"));
}
