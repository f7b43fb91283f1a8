import type { Source } from "../../source.ts";
import type { RegistryOptions } from "../registry/registry-options.ts";
import { createRegistrySource } from "../registry/registry-source.ts";
import { parseOciLocation } from "./oci-location.ts";

export interface OciSourceOptions extends RegistryOptions {
  /** `os/architecture`: which entry of an index is meant, where it has several. */
  readonly platform?: string | undefined;
}

/**
 * Models in OCI registries: ModelPack artifacts, Docker models, and whatever else was pushed as an
 * image or artifact. The manifest is kept byte for byte.
 */
export function createOciSource(options: OciSourceOptions = {}): Source {
  return createRegistrySource({
    ...options,
    scheme: "oci",
    parse: parseOciLocation,
    accept: [
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.docker.distribution.manifest.v2+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
    ],
  });
}
