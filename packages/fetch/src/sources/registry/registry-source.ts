import { formatOf } from "../../files/model-format.ts";
import { redactUrl } from "../../http/redact-url.ts";
import { referencePart } from "../../names/reference-part.ts";
import type { ResolvedModel, ResolveOptions, Source } from "../../source.ts";
import { modelNotFound } from "../../http/http-errors.ts";
import { originModel } from "../origin-model.ts";
import { manifestFiles } from "./manifest-files.ts";
import { nameOf, readManifest } from "./read-manifest.ts";
import { openManifest, originFile } from "./registry-origin.ts";
import { createRegistryClient } from "./registry-client.ts";
import { parseRegistryUrl, type RegistryLocation } from "./registry-location.ts";
import type { RegistryOptions } from "./registry-options.ts";

/** What the registries differ in. */
export interface RegistryKind extends RegistryOptions {
  readonly scheme: string;
  /** `undefined` for a location elsewhere. */
  parse(location: string): RegistryLocation | undefined;
  /** Media types of manifests it understands. */
  readonly accept: readonly string[];
  readonly platform?: string | undefined;
}

/** A source of models that a registry holds as manifests and blobs. */
export function createRegistrySource(kind: RegistryKind): Source {
  const client = createRegistryClient(kind);
  const { scheme, accept, platform } = kind;

  async function resolveAt(
    text: string,
    location: RegistryLocation,
    options: ResolveOptions,
  ): Promise<ResolvedModel> {
    const manifest = await readManifest(client, location, { ...options, accept, platform });
    const files = manifestFiles(manifest.document, location);
    const { host, repository } = location;
    if (files.length === 0) {
      throw modelNotFound(nameOf(location), "file", {
        message: `${nameOf(location)} has no files`,
      });
    }
    return {
      location: redactUrl(text),
      place: placeOf(location),
      revision: manifest.digest,
      files,
      manifest: { bytes: manifest.bytes },
      suggestedName: suggestName(location),
      license: manifest.document.annotations["org.opencontainers.image.licenses"],
      format: formatOf(files.map(({ path }) => path)),
      source: { registry: host, repo: repository, revision: manifest.digest, filename: "" },
    };
  }

  function placeOf({ host, repository, origin }: RegistryLocation): string {
    return `${scheme}${origin.startsWith("http:") ? "+http" : ""}://${host}/${repository}`;
  }

  return {
    scheme,
    accepts: (location) => kind.parse(location) !== undefined,
    async resolve(text, options = {}) {
      const location = kind.parse(text);
      return location === undefined ? undefined : resolveAt(text, location, options);
    },
    resolveOrigin(origin, known) {
      const location = kind.parse(origin.location);
      // Other kinds of registries may read the same text.
      if (location === undefined || origin.location !== placeOf(location)) return undefined;
      const file = originFile(location, origin, known);
      if (file === undefined) return undefined;
      const { host, repository } = location;
      const revision = origin.revision ?? "";
      return originModel(origin, file, { registry: host, repo: repository, revision });
    },
    open(_model, file, range, options) {
      const wanted = parseRegistryUrl(file.url ?? "");
      return wanted?.kind === "manifests"
        ? openManifest(client, wanted, range, { accept, ...options })
        : client.openBlob(file, range, options);
    },
  };
}

/**
 * The reference of the registry itself, where the grammar of names takes it. That has two segments:
 * a path of one gets `library`, and of a longer one all but the last are joined.
 */
function suggestName({ host, repository, tag, digest }: RegistryLocation): string {
  const segments = repository.split("/");
  const model = segments.pop() ?? repository;
  const namespace = segments.length === 0 ? "library" : segments.join("-").replaceAll(".", "-");
  const last = digest === undefined ? tag : digest.replace(":", "-").slice(0, 19);
  return `${host}/${referencePart(namespace)}/${referencePart(model)}:${referencePart(last)}`;
}
