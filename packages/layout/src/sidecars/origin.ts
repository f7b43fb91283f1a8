/** A place where a blob's bytes can be had again. No secrets: callers redact before they record. */
export interface Origin {
  /** As a user would type it: `hf.co/org/repo`. */
  readonly location: string;
  /** Pinned, where the place has revisions. */
  readonly revision?: string | undefined;
  /** The file within the location. */
  readonly path?: string | undefined;
  readonly recordedAtMs: number;
}

/** A place from a line of a record, or `undefined` for any other text. */
export function decodeOrigin(line: string): Origin | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { location, revision, path, recordedAtMs } = value as Record<string, unknown>;
  if (typeof location !== "string" || typeof recordedAtMs !== "number") return undefined;
  if (!isOptionalText(revision) || !isOptionalText(path)) return undefined;
  return { location, revision, path, recordedAtMs };
}

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === "string";
