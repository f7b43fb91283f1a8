import type { ModelFile } from "@store/manifest";

/** What a runtime is handed of a model. */
export type EntryPoint =
  /** One file says everything; its name does not matter. */
  | { readonly kind: "blob"; readonly file: ModelFile }
  /** A file that finds its siblings by their names. */
  | { readonly kind: "file"; readonly file: ModelFile }
  /** All files, side by side. */
  | { readonly kind: "directory" };

/**
 * The way in that runtimes expect: a GGUF file carries everything it needs, and the first part of a
 * split one leads to the others; anything else is opened as a directory.
 */
export function chooseEntryPoint(files: readonly ModelFile[]): EntryPoint {
  const [first] = files;
  if (first !== undefined && files.length === 1) return { kind: "blob", file: first };
  const weights = files.filter(({ role }) => role === "weights");
  const [only] = weights;
  if (only !== undefined && weights.every(({ path }) => /\.gguf$/i.test(path))) {
    if (weights.length === 1) return { kind: "blob", file: only };
    const head = headOfSplit(weights);
    if (head !== undefined) return { kind: "file", file: head };
  }
  return { kind: "directory" };
}

/** As llama.cpp names the parts of a model: `NAME-00001-of-00003.gguf`. */
function headOfSplit(weights: readonly ModelFile[]): ModelFile | undefined {
  const heads = weights.filter(({ path }) => /-0*1-of-\d+\.gguf$/i.test(path));
  const [head] = heads;
  if (head === undefined || heads.length > 1) return undefined;
  const series = head.path.replace(/-\d+-of-\d+\.gguf$/i, "");
  return weights.every(({ path }) => path.replace(/-\d+-of-\d+\.gguf$/i, "") === series)
    ? head
    : undefined;
}
