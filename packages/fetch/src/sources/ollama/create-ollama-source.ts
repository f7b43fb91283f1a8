import type { Source } from "../../source.ts";
import type { RegistryOptions } from "../registry/registry-options.ts";
import { createRegistrySource } from "../registry/registry-source.ts";
import { parseOllamaLocation } from "./ollama-location.ts";

/**
 * Models of Ollama's registry: weights, template, parameters, licence, adapters and projectors are
 * layers of one manifest, which is kept byte for byte, so that Ollama reads it as its own.
 */
export function createOllamaSource(options: RegistryOptions = {}): Source {
  return createRegistrySource({
    ...options,
    scheme: "ollama",
    parse: parseOllamaLocation,
    // What its own client asks for; other registries that speak to it know nothing else.
    accept: ["application/vnd.docker.distribution.manifest.v2+json"],
  });
}
