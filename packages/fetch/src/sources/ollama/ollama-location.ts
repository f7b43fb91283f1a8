import { isStoreError, StoreError } from "@store/layout";
import { parseName, REF_DEFAULTS } from "@store/manifest";

import { redactUrl } from "../../http/redact-url.ts";
import type { RegistryLocation } from "../registry/registry-location.ts";

/** Ollama's registry, and its web site, where people copy names from. */
const ollamaHost = /^(?:https:\/\/)?(?:registry\.ollama\.ai|(?:www\.)?ollama\.com)\/(?!v2\/)/i;

/**
 * Reads a location in Ollama's registry or one that speaks its protocol: `ollama://llama3.2:1b`,
 * `ollama://host/namespace/model:tag`, `registry.ollama.ai/library/llama3.2`, a page of ollama.com.
 * `ollama+http` names a registry without TLS. What is left out is what Ollama fills in.
 *
 * @returns `undefined` for a location elsewhere
 * @throws StoreError `ERR_STORE_LOCATION_UNKNOWN` for one that cannot be read
 */
export function parseOllamaLocation(text: string): RegistryLocation | undefined {
  const scheme = /^(ollama|ollama\+http):\/\//.exec(text)?.[1];
  if (scheme === undefined && !ollamaHost.test(text)) return undefined;
  const rest = scheme === undefined ? text : text.slice(scheme.length + "://".length);
  const full = ollamaHost.test(rest) ? withNamespace(rest.replace(ollamaHost, "")) : rest;
  const { name, digest } = parse(full, text);
  if (name === undefined) throw notALocation(text);
  const reference =
    name.kind === "ref" ? name : { ...REF_DEFAULTS, namespace: "library", model: name.name };
  const { namespace, model, tag } = reference;
  const host = reference.host.toLowerCase();
  const origin = `${scheme === "ollama+http" ? "http" : "https"}://${host}`;
  if (!URL.canParse(origin)) throw notALocation(text);
  return { origin, host, repository: `${namespace}/${model}`, tag, digest };
}

function withNamespace(path: string): string {
  return `${REF_DEFAULTS.host}/${path.includes("/") ? path : `${REF_DEFAULTS.namespace}/${path}`}`;
}

function parse(name: string, text: string): ReturnType<typeof parseName> {
  try {
    return parseName(name, { defaults: REF_DEFAULTS });
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_REF_INVALID")) throw error;
    throw notALocation(text, error);
  }
}

function notALocation(text: string, cause?: unknown): StoreError {
  return new StoreError(`not a location in Ollama's registry: ${redactUrl(text)}`, {
    kind: "invalid",
    code: "ERR_STORE_LOCATION_UNKNOWN",
    hint: "Write ollama://model:tag, or ollama://host/namespace/model:tag.",
    detail: { location: redactUrl(text) },
    cause,
  });
}
