import { isStoreError, StoreError } from "@store/layout";
import { type Name, parseName, REF_DEFAULTS } from "@store/manifest";

/**
 * The name a pulled model gets. One file can have either kind of name. Several files need a
 * reference: a flat name then stands for `registry.ollama.ai/library/<name>:latest`, which is also
 * where a bare name is looked for when it is read.
 *
 * @param text what the caller or the source calls it
 * @throws StoreError `ERR_STORE_REF_INVALID`
 */
export function chooseName(text: string, fileCount: number): Name {
  try {
    const { name, digest } = parseName(text, { defaults: REF_DEFAULTS });
    if (name === undefined || digest !== undefined) throw notOnlyAName(text);
    if (name.kind === "ref" || fileCount === 1) return name;
    return parseName(`${name.name}:${REF_DEFAULTS.tag}`, { defaults: REF_DEFAULTS }).name ?? name;
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_REF_INVALID") || error.hint?.includes("--as")) throw error;
    throw new StoreError(error.message, {
      kind: "invalid",
      code: "ERR_STORE_REF_INVALID",
      hint: `${error.hint ?? ""} Give it another name with --as.`.trimStart(),
      detail: error.detail,
      cause: error,
    });
  }
}

function notOnlyAName(text: string): StoreError {
  return new StoreError(
    `not a name: ${JSON.stringify(text.slice(0, 100))}: it has a digest in it`,
    {
      kind: "invalid",
      code: "ERR_STORE_REF_INVALID",
      hint: "A model is recorded under a name alone.",
      detail: { text: text.slice(0, 100), part: "digest", index: Math.max(0, text.indexOf("@")) },
    },
  );
}
