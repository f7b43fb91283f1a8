/** The fields of schema version 1, in the order inferd writes them. */
export const V1_FIELDS: readonly string[] = [
  "schema_version",
  "name",
  "format",
  "blob",
  "size_bytes",
  "license",
  "source",
  "produced_by",
  "produced_at",
];

/** The fields of `source`, in the order inferd writes them. */
export const SOURCE_FIELDS: readonly string[] = ["registry", "repo", "revision", "filename"];
