import { type Name, REF_DEFAULTS, type RefName } from "./name.ts";

/**
 * A name as text. `full` (the default) leaves nothing out and needs no defaults to be read back;
 * `short` leaves out Ollama's default host and namespace, as people write it: `llama3.2:latest`.
 * The tag always stays, since a text without `:` and `/` is a flat name.
 */
export function formatName(name: Name, style: "full" | "short" = "full"): string {
  if (name.kind === "flat") return name.name;
  return `${style === "short" ? shortPrefix(name) : `${name.host}/${name.namespace}/`}${name.model}:${name.tag}`;
}

function shortPrefix(name: RefName): string {
  if (name.host !== REF_DEFAULTS.host) return `${name.host}/${name.namespace}/`;
  // `sha256:x` alone would read as a digest cut short.
  const plain = name.namespace === REF_DEFAULTS.namespace && !isAlgorithm(name.model);
  return plain ? "" : `${name.namespace}/`;
}

/** Whether a model, followed by `:` and a tag, could be taken for the start of a digest. */
export function isAlgorithm(model: string): boolean {
  return /^(?:sha(?:1|224|256|384|512)|blake3|md5)$/i.test(model);
}

/** A text that is the same for two names exactly if they differ in nothing but (ASCII) case. */
export function foldName(name: Name): string {
  return formatName(name).toLowerCase();
}
