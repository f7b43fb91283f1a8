import { type Document, filesOf, type ModelFile } from "@store/manifest";

/** What a list says of a model, told by its manifest alone. */
export interface ModelSummary {
  /** Bytes of everything the manifest names, each blob once. */
  readonly size: number;
  /** `gguf`, `safetensors`, …; `unknown` where neither the manifest nor a file's ending says. */
  readonly format: string;
  readonly fileCount: number;
  /** Where it came from, as far as the manifest says. */
  readonly source: string | undefined;
}

export function summarize(document: Document): ModelSummary {
  const files = filesOf(document);
  return {
    size: sizeOf(document),
    format: formatOf(document, files),
    fileCount: files.length,
    source: sourceOf(document),
  };
}

function sizeOf(document: Document): number {
  if (document.kind === "v1") return document.size;
  const parts =
    document.kind === "index"
      ? document.manifests
      : [...document.layers, ...(document.config === undefined ? [] : [document.config])];
  const sizes = new Map(parts.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function formatOf(document: Document, files: readonly ModelFile[]): string {
  if (document.kind === "v1" && document.format !== "") return document.format;
  const weights = files.filter(({ role }) => role === "weights");
  const formats = new Set(
    weights.map(({ path, mediaType }) => endingOf(path) ?? tensorOf(mediaType)),
  );
  const known = [...formats].filter((format) => format !== undefined).toSorted();
  return known.length === 0 ? "unknown" : known.join("+");
}

/** The ending of a file's name, where it can name a format. */
function endingOf(path: string): string | undefined {
  return /[^/.][^/]*\.([A-Za-z0-9]{1,16})$/.exec(path)?.[1]?.toLowerCase();
}

function tensorOf(mediaType: string): string | undefined {
  // Ollama keeps one tensor per layer in the safetensors format.
  return mediaType === "application/vnd.ollama.image.tensor" ? "safetensors" : undefined;
}

function sourceOf(document: Document): string | undefined {
  if (document.kind !== "v1") return document.annotations["org.opencontainers.image.source"];
  const { registry, repo } = document.source;
  const parts = [registry, repo].filter((part) => part !== "");
  return parts.length === 0 ? undefined : parts.join("/");
}
