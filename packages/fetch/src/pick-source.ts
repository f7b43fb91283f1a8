import { StoreError } from "@store/layout";

import { redactUrl } from "./http/redact-url.ts";
import type { Source } from "./source.ts";

/**
 * The first source that understands a location.
 *
 * @throws StoreError `ERR_STORE_LOCATION_UNKNOWN`
 */
export function pickSource(location: string, sources: readonly Source[]): Source {
  const source = sources.find((candidate) => candidate.accepts(location));
  if (source !== undefined) return source;
  throw new StoreError(`not a location: ${redactUrl(location)}`, {
    kind: "invalid",
    code: "ERR_STORE_LOCATION_UNKNOWN",
    hint: "Write hf.co/org/repo, ollama://model:tag, registry.example/repository:tag, an https:// URL, or a path that begins with ./ or /.",
    detail: { location: redactUrl(location) },
  });
}
