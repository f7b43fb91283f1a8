import { isStoreError } from "@store/layout";
import { formatName, type Name, parseName, REF_DEFAULTS } from "@store/manifest";

/**
 * The other name a bare word can mean: `x` for `registry.ollama.ai/library/x:latest` and the other
 * way round. A store does not create the second of the two. `undefined` where there is none.
 */
export function twinOf(name: Name): Name | undefined {
  if (name.kind === "flat") return parseIfFit(`${name.name}:${REF_DEFAULTS.tag}`);
  const folded = formatName({ ...name, ...REF_DEFAULTS }).toLowerCase();
  return formatName(name).toLowerCase() === folded ? parseIfFit(name.model) : undefined;
}

/** The two grammars differ: not every word is a name of both kinds. */
function parseIfFit(text: string): Name | undefined {
  try {
    return parseName(text, { defaults: REF_DEFAULTS }).name;
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_REF_INVALID")) return undefined;
    throw error;
  }
}
